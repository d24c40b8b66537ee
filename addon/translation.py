"""The panel in other languages: what Blender draws is looked up here by its English text. The first one is German."""

import bpy

_GERMAN = {
    # Operators have a context of their own.
    "Operator": {
        "Relight Photo": "Foto neu beleuchten",
        "Relight": "Neu beleuchten",
        "Relight on Card": "Auf Karte neu beleuchten",
        "Open Photo": "Foto öffnen",
        "Open HDRI": "HDRI öffnen",
        "Cancel Relighting": "Neubeleuchten abbrechen",
        "Try the Example": "Beispiel ausprobieren",
        "Start Dataset": "Datensatz beginnen",
        "Stop Dataset": "Datensatz anhalten",
        "Start Training": "Training beginnen",
        "Stop Training": "Training anhalten",
        "Relight with This Training": "Mit diesem Training beleuchten",
        "Relight with the Shipped Networks": "Mit den mitgelieferten Netzen beleuchten",
        "Show Training Picture": "Trainingsbild zeigen",
        "Find Python for Training": "Python für das Training suchen",
        "Start": "Beginnen",
        "Resume": "Fortsetzen",
        "Done": "Fertig",
        "Complete": "Vollständig",
        "Open Folder": "Ordner öffnen",
        "Show Picture": "Bild zeigen",
        "Load the Result": "Ergebnis laden",
        "Use the Shipped Networks": "Mitgelieferte Netze verwenden",
        "Find Python": "Python suchen",
        "Paste Photo": "Foto einfügen",
        "Photo Card": "Fotokarte",
        "Add Photo Card": "Fotokarte aufstellen",
        "Renew Photo Card": "Fotokarte erneuern",
        "Match Scene to Photo": "Szene dem Foto anpassen",
        "Export Maps": "Karten ausgeben",
        "Copy to Images": "Als Bilder behalten",
        "Add to Compositor": "In den Compositor",
        "Relight Movie": "Film neu beleuchten",
    },
    "*": {
        "Photo": "Foto",
        "Light": "Licht",
        "Background": "Hintergrund",
        "Behind": "Dahinter",
        "Show": "Zeigen",
        "Turn": "Drehen",
        "Seen by": "Gesehen von",
        "Key / Fill": "Haupt-/Fülllicht",
        "Specular": "Glanz",
        "Shadow": "Schatten",
        "Blend with Original": "Mit Original mischen",
        "Face (0 = all)": "Gesicht (0 = alle)",
        "Photo Card": "Fotokarte",
        "Match the Scene": "Szene anpassen",
        "Sun and Fill": "Sonne und Fülllicht",
        "Movie": "Film",
        "Movie or image sequence": "Film oder Bildfolge",
        "Relight All Again": "Alle neu beleuchten",
        "Dataset": "Datensatz",
        "Training": "Training",
        "Portraits": "Porträts",
        "Heads": "Köpfe",
        "Processes": "Prozesse",
        "Several Environments": "Mehrere Umgebungen",
        "Light Stage": "Lichtbühne",
        "Small Lamps": "Kleine Lampen",
        "Recipe": "Rezept",
        "Recipe File": "Rezeptdatei",
        "Networks": "Netze",
        "Runs On": "Rechnet auf",
        "Live Preview": "Vorschau",
        "Python for Training": "Python für das Training",
        "as shipped": "mitgeliefert",
        "found by itself": "wird gefunden",
        "Open a photo of a person, or": "Foto einer Person öffnen, oder",
        "Looking for a Python with PyTorch": "Ein Python mit PyTorch wird gesucht",
        "Goes on when Blender is closed, and is found here again.": "Läuft weiter, wenn Blender geschlossen wird, und "
        "wird hier wiedergefunden.",
        "Quit While Work Goes On?": "Beenden, während gearbeitet wird?",
        "Let Them Go On": "Weiterlaufen lassen",
        "Stop Them": "Anhalten",
        "Photos are relit by this training.": "Fotos werden mit diesem Training beleuchtet.",
        "No assets folder is set in the preferences: the built-in head is drawn.": "In den Einstellungen ist kein "
        "Ordner für Assets gewählt: gezeichnet wird der eingebaute Kopf.",
    },
}


def texts() -> dict[str, dict[tuple[str, str], str]]:
    """As Blender wants them: language -> (context, English) -> text. Older versions call German de_DE."""
    german = {(context, text): said for context, table in _GERMAN.items() for text, said in table.items()}
    return {"de": german, "de_DE": german}


def register() -> None:
    bpy.app.translations.register(__package__, texts())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
