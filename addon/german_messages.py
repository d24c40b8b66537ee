"""What the panel says in German while it works and when it refuses: templates as in ``messages``. No bpy."""

MESSAGES = {
    # Progress
    "{percent}%  {what_said}  {seconds} s": "{percent} %  {what_said}  {seconds} s",
    "{what_said}, {percent}%": "{what_said}, {percent} %",
    "{name}: {line_said}    Esc: cancel": "{name}: {line_said}    Esc: abbrechen",
    "Paused  {what_said}": "Angehalten  {what_said}",
    "{name} cancelled": "{name} abgebrochen",
    "Starting": "Starten",
    "Reading the photo": "Das Foto wird gelesen",
    "Reading the light": "Das Licht wird gelesen",
    "Opening the networks": "Die Netze werden geladen",
    "Comparing with the last photo": "Vergleich mit dem letzten Foto",
    "Finding the person": "Die Person wird gesucht",
    "Reading shape and colour": "Form und Farbe werden gelesen",
    "Reading the photo's light": "Das Licht des Fotos wird gelesen",
    "Refining the edges": "Die Kanten werden verfeinert",
    "Relighting": "Das Foto wird neu beleuchtet",
    "Bringing back the photo's detail": "Die Details des Fotos kommen zurück",
    "Bringing back detail": "Die Details kommen zurück",
    "Storing the pictures": "Die Bilder werden abgelegt",
    "Done": "Fertig",
    "Computing the maps": "Die Karten werden berechnet",
    "Storing the maps": "Die Karten werden abgelegt",
    "Building the card": "Die Karte wird gebaut",
    "Estimating the light": "Das Licht wird geschätzt",
    "Exporting the networks": "Die Netze werden exportiert",
    "{done}/{count}, {time} left": "{done}/{count}, noch {time}",
    "{there} of {asked}, {time} left": "{there} von {asked}, noch {time}",
    "Stage {stage} of {stages}: {net}, step {step} of {steps}": "Abschnitt {stage} von {stages}: {net}, Schritt "
    "{step} von {steps}",
    "{line_said}; loss {loss}": "{line_said}; Fehler {loss}",
    "{line_said}, {time} left in this stage": "{line_said}, noch {time} in diesem Abschnitt",
    "{count} portraits per hour": "{count} Porträts in der Stunde",
    "{there} portraits are complete": "{there} Porträts sind fertig",
    "{there} of {asked} portraits are complete": "{there} von {asked} Porträts sind fertig",
    # What is there
    "Shown here: {photo}": "Hier gezeigt: {photo}",
    "Result: {picture}": "Ergebnis: {picture}",
    "The scene has no world": "Die Szene hat keine Welt",
    "World: {world}, {seen_said}": "Welt: {world}, {seen_said}",
    "turned {turn}°, {seen_said}": "um {turn}° gedreht, {seen_said}",
    "seen by {camera}": "gesehen von {camera}",
    "seen from this view": "gesehen von dieser Ansicht",
    "seen from the 3D Viewport": "gesehen vom 3D-Viewport",
    "seen along +Y": "gesehen nach +Y",
    "All that shines on {place_said}, by a small render": "Alles, was auf {place_said} scheint, durch ein kleines "
    "Rendern",
    "the card": "die Karte",
    "the 3D cursor": "den 3D-Cursor",
    "Also at work: {folder}": "Auch in Arbeit: {folder}",
    "{what_said} at work in {folder}": "{what_said} in Arbeit in {folder}",
    "Dataset": "Datensatz",
    "Training": "Training",
    "Networks: {folder}": "Netze: {folder}",
    "{files} written to {folder}": "{files} geschrieben nach {folder}",
    "Chosen under Movie; Relight Movie relights it frame by frame": "Unter Film gewählt; „Film neu beleuchten“ "
    "beleuchtet ihn Bild für Bild",
    "{file} is the scene's world now, and the light": "{file} ist jetzt die Welt der Szene und das Licht",
    "Rendering {count} portraits into {folder}": "{count} Porträts werden gerendert nach {folder}",
    "No dataset is being rendered in this folder": "In diesem Ordner wird kein Datensatz gerendert",
    "Training in {folder}": "Trainiert wird in {folder}",
    "No training is running in this folder": "In diesem Ordner läuft kein Training",
    "Photos are now relit by the networks in {folder}": "Fotos werden jetzt mit den Netzen in {folder} beleuchtet",
    "This is Blender {version}; Relight Stage was tried up to {newest}. If something fails, look for a newer Relight "
    "Stage.": "Dies ist Blender {version}; Relight Stage wurde bis {newest} erprobt. Geht etwas schief, suche ein "
    "neueres Relight Stage.",
    "This is Blender {version}; Relight Stage needs {oldest} or later.": "Dies ist Blender {version}; Relight Stage "
    "braucht {oldest} oder neuer.",
    # The photo
    "Something is being relit; Esc cancels": "Gerade wird neu beleuchtet; Esc bricht ab",
    "There is no photo to relight. Open one in the Relight tab": "Es gibt kein Foto. Öffne eines im Reiter Beleuchten",
    "There is no photo to relight. Open one in the Relight tab.": "Es gibt kein Foto. Öffne eines im Reiter "
    "Beleuchten.",
    "There is no such image yet. Press Relight first.": "Dieses Bild gibt es noch nicht. Drücke erst „Neu beleuchten“.",
    "{path} does not exist. Choose a picture file.": "{path} gibt es nicht. Wähle eine Bilddatei.",
    "{path} can't be opened. Choose another picture file.": "{path} lässt sich nicht öffnen. Wähle eine andere "
    "Bilddatei.",
    "{file} is damaged or not a picture that Blender can read. Choose another picture file.": "{file} ist beschädigt "
    "oder kein Bild, das Blender lesen kann. Wähle eine andere Bilddatei.",
    "{photo} can't be read while it is a render. Save it as a file and open that.": "{photo} ist ein gerendertes "
    "Bild und lässt sich so nicht lesen. Speichere es als Datei und öffne diese.",
    "{photo} has no pixels: {path} is no picture that Blender can read. Open another.": "{photo} hat keine Pixel: "
    "{path} ist kein Bild, das Blender lesen kann. Öffne ein anderes.",
    "{photo} is in the colour space {space}. Set it to sRGB or Linear Rec.709 in the Image Editor.": "{photo} ist im "
    "Farbraum {space}. Stelle ihn im Bildeditor auf sRGB oder Linear Rec.709.",
    "There is no picture in the clipboard that Blender can read; under X11 it can read none. Copy one again, or open "
    "it as a file.": "In der Zwischenablage ist kein Bild, das Blender lesen kann; unter X11 kann es keines lesen. "
    "Kopiere es noch einmal, oder öffne es als Datei.",
    "There is no picture in the clipboard that Blender can read. Copy one again, or open it as a file.": "In der "
    "Zwischenablage ist kein Bild, das Blender lesen kann. Kopiere es noch einmal, oder öffne es als Datei.",
    "this picture": "dieses Bild",
    "frame {number} of {file}": "Bild {number} von {file}",
    "No face found in {photo_said} ({size} px). Use a photo with an upright, sharp face; crop it closer to the face, "
    "or cut the person out with an alpha channel.": "Kein Gesicht in {photo_said} gefunden ({size} px). Nimm ein "
    "Foto mit einem aufrechten, scharfen Gesicht, schneide es enger zu, oder stelle die Person mit einem Alphakanal "
    "frei.",
    "Face {face} of {photo_said} was asked for, but it shows {count}. Choose a face from 1 to {last}, or 0 for "
    "all.": "Gesicht {face} von {photo_said} ist gewählt, aber es zeigt {count}. Wähle ein Gesicht von 1 bis {last}, "
    "oder 0 für alle.",
    "{photo} is {size} px; both sides must be at least {least} px. Use a larger picture of the face.": "{photo} hat "
    "{size} px; beide Seiten müssen mindestens {least} px haben. Nimm ein größeres Bild des Gesichts.",
    "{photo} is {size} px; no side may be longer than {most} px. Crop it to the person or make it smaller.": "{photo} "
    "hat {size} px; keine Seite darf mehr als {most} px haben. Schneide es auf die Person zu, oder verkleinere es.",
    "{photo} has {count} pixels that are NaN or infinite. Repair it in an image editor, or use another.": "{photo} "
    "hat {count} Pixel, die NaN oder unendlich sind. Repariere es in einem Bildprogramm, oder nimm ein anderes.",
    "The alpha channel of {photo} shows nothing. Remove it, or make the person opaque in it.": "Der Alphakanal von "
    "{photo} zeigt nichts. Entferne ihn, oder mache die Person darin deckend.",
    "No light can be told from {photo}: the person is black in it. Use a brighter photo.": "Aus {photo} lässt sich "
    "kein Licht lesen: Die Person darin ist schwarz. Nimm ein helleres Foto.",
    "Memory ran out with {photo_said}. Use a smaller one, or close other programs.": "Der Speicher reicht nicht für "
    "{photo_said}. Nimm ein kleineres, oder schließe andere Programme.",
    "Memory ran out with {photo_said} at {size} px. Scale it to {smaller} px, or close other programs.": "Der "
    "Speicher reicht nicht für {photo_said} mit {size} px. Verkleinere es auf {smaller} px, oder schließe andere "
    "Programme.",
    # The light
    "The scene has no world to take light from. Add one in the World tab, or open an HDRI in the panel.": "Die Szene "
    "hat keine Welt, von der Licht kommt. Lege im Reiter Welt eine an, oder öffne im Panel ein HDRI.",
    "The world {world} has an environment texture without a picture. Open one in the panel.": "Die Welt {world} hat "
    "eine Umgebungstextur ohne Bild. Öffne eines im Panel.",
    "{file}, the HDRI of {owner_said}, is missing: there is no picture that Blender can read at {path}, and Blender "
    "shows pink. Open one with HDRI in the panel, or look for it with File > External Data > Find Missing "
    "Files.": "{file}, das HDRI {owner_said}, fehlt: In {path} ist kein Bild, das Blender lesen kann, und Blender "
    "zeigt Rosa. Öffne im Panel eines mit HDRI, oder suche es mit Datei > Externe Daten > Fehlende Dateien finden.",
    "the world {world}": "der Welt {world}",
    "the light": "des Lichts",
    "{who_said} gives no light. Raise its strength, or give it a colour or an HDRI.": "{who_said} gibt kein Licht. "
    "Erhöhe die Stärke, oder gib eine Farbe oder ein HDRI.",
    "The HDRI": "Das HDRI",
    "The world {world}": "Die Welt {world}",
    "The scene {scene}": "Die Szene {scene}",
    "No HDRI is chosen. Choose one under Light, or take the world for the light.": "Kein HDRI ist gewählt. Wähle "
    "eines unter Licht, oder nimm die Welt als Licht.",
    "No reference photo is chosen. Choose one under Light: its light is estimated.": "Keine Referenz ist gewählt. "
    "Wähle unter Licht ein Foto: Sein Licht wird geschätzt.",
    "{who_said} has {count} texels that are NaN or infinite. Repair it in an image editor, or use "
    "another.": "{who_said} hat {count} Texel, die NaN oder unendlich sind. Repariere das Bild in einem "
    "Bildprogramm, oder nimm ein anderes.",
    "{who_said} has negative radiance ({least}). Use an HDRI in a scene-linear RGB space.": "{who_said} hat negative "
    "Strahldichte ({least}). Nimm ein HDRI in einem szenenlinearen RGB-Farbraum.",
    "Reading the world's light needs Cycles. Enable the add-on Cycles Render Engine.": "Das Licht der Welt zu lesen "
    "braucht Cycles. Schalte das Add-on Cycles Render Engine ein.",
    "A render is running. Wait until it is done, then press Relight again.": "Es wird gerade gerendert. Warte, bis "
    "es fertig ist, und drücke noch einmal „Neu beleuchten“.",
    "Cycles wrote no picture of the world to {folder}. Is the disk of the temporary folder full?": "Cycles hat kein "
    "Bild der Welt nach {folder} geschrieben. Ist der Datenträger des temporären Ordners voll?",
    # Live, and what was removed meanwhile
    "The photo was removed while it was relit live. Open one in the Relight tab.": "Das Foto wurde entfernt, während "
    "Live lief. Öffne eines im Reiter Beleuchten.",
    "Live has ended: its scene was removed. Press Live again in another scene.": "Live ist beendet: Seine Szene "
    "wurde entfernt. Drücke Live in einer anderen Szene noch einmal.",
    "{name} was removed while {meanwhile_said}.": "{name} wurde entfernt, während {meanwhile_said}.",
    "it was being relit": "es neu beleuchtet wurde",
    "it was being stored": "es abgelegt wurde",
    "its photo card was being made": "die Fotokarte entstand",
    "the light was being estimated": "das Licht geschätzt wurde",
    "the maps were computed": "die Karten berechnet wurden",
    "its movie was being relit; the frames so far are in the folder": "der Film neu beleuchtet wurde; die Bilder bis "
    "dahin sind im Ordner",
    # Export and movie
    "No map is chosen. Choose at least one under Export.": "Keine Karte ist gewählt. Wähle unter Exportieren "
    "mindestens eine.",
    "The folder {folder} is beside a file that has never been saved. Save the .blend file, or choose another "
    "folder.": "Der Ordner {folder} liegt neben einer Datei, die nie gespeichert wurde. Speichere die .blend-Datei, "
    "oder wähle einen anderen Ordner.",
    "{path} can't be written: {why_said}. Choose another folder, or free some space.": "{path} lässt sich nicht "
    "schreiben: {why_said}. Wähle einen anderen Ordner, oder schaffe Platz.",
    "the disk is full": "Der Datenträger ist voll",
    "the folder is read-only": "Der Ordner ist schreibgeschützt",
    "the disk is full or the folder is read-only": "Der Datenträger ist voll oder der Ordner schreibgeschützt",
    "No movie is chosen. Choose a movie or one picture of an image sequence under Movie.": "Kein Film ist gewählt. "
    "Wähle unter Film einen Film oder ein Bild einer Bildfolge.",
    "{path} does not exist. Choose a movie or one picture of an image sequence.": "{path} gibt es nicht. Wähle einen "
    "Film oder ein Bild einer Bildfolge.",
    "{file} is damaged or no picture that Blender can read. Repair or replace it.": "{file} ist beschädigt oder kein "
    "Bild, das Blender lesen kann. Repariere oder ersetze es.",
    "{file} can't be opened. Repair or replace it.": "{file} lässt sich nicht öffnen. Repariere oder ersetze es.",
    "Skipped {numbers}: {why_said}": "Ausgelassen {numbers}: {why_said}",
    "All {count} frames were there and are kept. Choose Relight All Again to relight them.": "Alle {count} Bilder "
    "waren da und bleiben. „Alle neu beleuchten“ beleuchtet sie neu.",
    # The networks
    "{path} is missing. Reinstall Relight Stage, or give a folder that holds {files}.": "{path} fehlt. Installiere "
    "Relight Stage neu, oder wähle einen Ordner mit {files}.",
    "{path} is damaged or not an ONNX file ({count} bytes). Reinstall Relight Stage, or export the networks again "
    "with `relight-stage export`.": "{path} ist beschädigt oder keine ONNX-Datei ({count} Bytes). Installiere "
    "Relight Stage neu, oder exportiere die Netze noch einmal mit `relight-stage export`.",
    "{path} is not a network of Relight Stage: it takes {inputs} and gives {outputs}; {needed} are needed. Export it "
    "again with `relight-stage export`.": "{path} ist kein Netz von Relight Stage: Es nimmt {inputs} und gibt "
    "{outputs}; nötig sind {needed}. Exportiere es noch einmal mit `relight-stage export`.",
    "of an unknown version": "unbekannter Version",
    "{path} was made by Relight Stage {version_said} and has format {format}; this version reads format {known}. "
    "Export the training run again with this version, or use the shipped networks.": "{path} stammt von Relight "
    "Stage {version_said} und hat das Format {format}; diese Version liest das Format {known}. Exportiere das "
    "Training noch einmal mit dieser Version, oder nimm die mitgelieferten Netze.",
    "The networks in {folder} are of different versions. Export all three from one run.": "Die Netze in {folder} "
    "sind von verschiedenen Versionen. Exportiere alle drei aus einem Training.",
    # Datasets and trainings
    "The folder {folder} is no whole path. Choose it with the button beside it.": "Der Ordner {folder} ist kein "
    "ganzer Pfad. Wähle ihn mit dem Knopf daneben.",
    "Process {pid} is already at work in {folder}. Stop it, or choose another folder.": "Prozess {pid} arbeitet "
    "schon in {folder}. Halte ihn an, oder wähle einen anderen Ordner.",
    "{folder} cannot be written: {why}. Choose a folder of your own.": "{folder} lässt sich nicht beschreiben: "
    "{why}. Wähle einen eigenen Ordner.",
    "{path} cannot be started: {why}. Choose another program.": "{path} lässt sich nicht starten: {why}. Wähle ein "
    "anderes Programm.",
    "It failed: {why}": "Es ist gescheitert: {why}",
    "It ended without a word: killed, or out of memory. {log} in its folder has what it printed.": "Es endete ohne "
    "ein Wort: abgebrochen, oder der Speicher war voll. {log} im Ordner zeigt, was es gemeldet hat.",
    "There is no picture yet.": "Es gibt noch kein Bild.",
    "Open an Image Editor first.": "Öffne erst einen Bildeditor.",
    "The recipe": "Das Rezept",
    "{path_said} is no file. Choose a recipe, a TOML file.": "{path_said} ist keine Datei. Wähle ein Rezept, eine "
    "TOML-Datei.",
    "A Python with PyTorch is being looked for. Try again in a few seconds.": "Ein Python mit PyTorch wird gesucht. "
    "Versuche es in ein paar Sekunden noch einmal.",
    "No Python with PyTorch was found on this computer. {what_said}": "Auf diesem Rechner ist kein Python mit "
    "PyTorch. {what_said}",
    "{path} does not exist. Choose the program python of an environment with PyTorch.": "{path} gibt es nicht. Wähle "
    "das Programm python einer Umgebung mit PyTorch.",
    "{path} is Python {version}; training needs {oldest} or later. {what_said}": "{path} ist Python {version}; das "
    "Training braucht {oldest} oder neuer. {what_said}",
    "{path} lacks {names}. In a terminal: {command}": "{path} hat {names} nicht. In einem Terminal: {command}",
    "In a terminal: {make} and then {install}. Then press Find Python again.": "In einem Terminal: {make} und dann "
    "{install}. Drücke dann noch einmal „Python suchen“.",
    "{path} gave no answer in {limit} s. Try it in a terminal, or choose another Python.": "{path} hat in {limit} s "
    "nicht geantwortet. Probiere es in einem Terminal, oder wähle ein anderes Python.",
    "{path} cannot be started: {why}. Choose another Python.": "{path} lässt sich nicht starten: {why}. Wähle ein "
    "anderes Python.",
    "{path} failed ({why}). Repair it, or choose another Python.": "{path} ist gescheitert ({why}). Repariere es, "
    "oder wähle ein anderes Python.",
}
