"""The panel's texts in German, as artists say it: English -> German, in Blender's two contexts. No bpy."""

# Buttons and the names of operators.
OPERATORS = {
    "Relight Photo": "Foto neu beleuchten",
    "Relight": "Neu beleuchten",
    "Relight on Card": "Auf Karte neu beleuchten",
    "Live": "Live",
    "Open Photo": "Foto öffnen",
    "Open HDRI": "HDRI öffnen",
    "HDRI": "HDRI",
    "Cancel Relighting": "Neubeleuchten abbrechen",
    "Try the Example": "Beispiel ausprobieren",
    "Show Image": "Bild zeigen",
    "Photo": "Foto",
    "Relit": "Neu beleuchtet",
    "Matte": "Maske",
    "Normals": "Normalen",
    "Albedo": "Albedo",
    "Add Relight Preset": "Voreinstellung hinzufügen",
    "Start Dataset": "Datensatz beginnen",
    "Stop Dataset": "Datensatz anhalten",
    "Show Dataset": "Datensatz zeigen",
    "Start Training": "Training beginnen",
    "Stop Training": "Training anhalten",
    "Show Training": "Training zeigen",
    "Relight with This Training": "Mit diesem Training beleuchten",
    "Relight with the Shipped Networks": "Mit den mitgelieferten Netzen beleuchten",
    "Show Training Picture": "Trainingsbild zeigen",
    "Find Python for Training": "Python für das Training suchen",
    "Start": "Beginnen",
    "Resume": "Fortsetzen",
    "Done": "Fertig",
    "Complete": "Vollständig",
    "Show": "Anzeigen",
    "Open Folder": "Ordner öffnen",
    "Show Picture": "Bild zeigen",
    "Load the Result": "Ergebnis laden",
    "Use the Shipped Networks": "Mitgelieferte Netze verwenden",
    "Find Python": "Python suchen",
    "Preferences": "Einstellungen",
    "Paste Photo": "Foto einfügen",
    "Photo Card": "Fotokarte",
    "Add Photo Card": "Fotokarte aufstellen",
    "Renew Photo Card": "Fotokarte erneuern",
    "Match Scene to Photo": "Szene dem Foto anpassen",
    "Export Maps": "Karten exportieren",
    "Copy to Images": "Als Bilder behalten",
    "Add to Compositor": "In den Compositor",
    "Relight Movie": "Film neu beleuchten",
    "Pause": "Pause",
    "Quit Blender": "Blender beenden",
}

# The names of settings, their choices and panels, and what labels say.
LABELS = {
    "Relight": "Beleuchten",
    "Relight Stage": "Relight Stage",
    "Relight Presets": "Voreinstellungen",
    "Photo": "Foto",
    "Light": "Licht",
    "World": "Welt",
    "Scene": "Szene",
    "Seen by": "Sicht",
    "Camera": "Kamera",
    "View": "Ansicht",
    "Fixed": "Fixiert",
    "Reference": "Referenz",
    "Turn": "Drehen",
    "Strength": "Stärke",
    "Exposure": "Belichtung",
    "Key / Fill": "Haupt-/Fülllicht",
    "Specular": "Glanzpunkt",
    "Shadow": "Schatten",
    "Blend with Original": "Mit Original mischen",
    "Face (0 = all)": "Gesicht (0 = alle)",
    "Background": "Hintergrund",
    "Behind": "Dahinter",
    "Transparent": "Transparent",
    "Colour": "Farbe",
    "Background Colour": "Hintergrundfarbe",
    "Matte, Normals and Albedo": "Maske, Normalen und Albedo",
    "Keep Matte, Normals, Albedo": "Maske, Normalen, Albedo behalten",
    "Relit": "Neu beleuchtet",
    "Matte": "Maske",
    "Normals": "Normalen",
    "Albedo": "Albedo",
    "Card": "Karte",
    "Show": "Anzeigen",
    "Photo Card": "Fotokarte",
    "Relief": "Relief",
    "Match the Scene": "Szene anpassen",
    "Sun": "Sonne",
    "Sun and Fill": "Sonne und Fülllicht",
    "Export": "Exportieren",
    "Folder": "Ordner",
    "Format": "Format",
    "Maps": "Karten",
    "Multilayer EXR": "EXR mit Ebenen",
    "Foreground": "Vordergrund",
    "Depth": "Tiefe",
    "Shading": "Shading",
    "Roughness": "Rauheit",
    "Movie": "Film",
    "Movie or image sequence": "Film oder Bildfolge",
    "Relight All Again": "Alle neu beleuchten",
    "Relit Frames": "Neu beleuchtete Bilder",
    "Dataset": "Datensatz",
    "Output": "Ausgabe",
    "Portraits": "Porträts",
    "Size": "Größe",
    "Heads": "Köpfe",
    "Assets": "Assets",
    "Built-in": "Eingebaut",
    "Environment": "Umgebung",
    "Several Environments": "Mehrere Umgebungen",
    "Light Stage": "Lichtbühne",
    "Small Lamps": "Kleine Lampen",
    "Gradients": "Verläufe",
    "Number": "Anzahl",
    "Samples": "Abtastwerte",
    "Frames": "Einzelbilder",
    "Seed": "Startwert",
    "Processes": "Prozesse",
    "Training": "Training",
    "Recipe": "Rezept",
    "Portable": "Tragbar",
    "Tiny": "Winzig",
    "Paper": "Aufsatz",
    "File": "Datei",
    "Recipe File": "Rezeptdatei",
    "Data": "Daten",
    "Run": "Durchlauf",
    "Jobs": "Aufträge",
    "Let Them Go On": "Weiterlaufen lassen",
    "Stop Them": "Anhalten",
    "Quit": "Beenden",
    "Quit While Work Goes On?": "Beenden, während gearbeitet wird?",
    "Quit While Work Goes On...": "Beenden, während gearbeitet wird...",
    "Folders": "Ordner",
    "Speed": "Geschwindigkeit",
    "Networks": "Netze",
    "Runs On": "Rechnet auf",
    "Threads": "Threads",
    "Live Preview": "Live-Vorschau",
    "Python for Training": "Python für das Training",
    "as shipped": "mitgeliefert",
    "none": "keine",
    "found by itself": "wird gefunden",
    "Open a photo of a person, or": "Foto einer Person öffnen, oder",
    "Looking for a Python with PyTorch": "Ein Python mit PyTorch wird gesucht",
    "Goes on when Blender is closed, and is found here again.": "Läuft weiter, wenn Blender geschlossen wird, und "
    "wird hier wiedergefunden.",
    "Photos are relit by this training.": "Fotos werden mit diesem Training beleuchtet.",
    "No assets folder is set in the preferences: the built-in head is drawn.": "In den Einstellungen ist kein "
    "Ordner für Assets gewählt: gezeichnet wird der eingebaute Kopf.",
    "Nobody sees it: show the photo in an Image Editor, or press Relight on Card": "Niemand sieht es: Zeige das "
    "Foto in einem Bildeditor, oder drücke „Auf Karte neu beleuchten“",
}

# What appears while the mouse rests on a button or a setting. Blender adds the full stop.
TOOLTIPS = {
    # Relight
    "The photo to relight. Its alpha channel, if it has one, cuts the person out": "Das Foto, das neu beleuchtet "
    "wird. Hat es einen Alphakanal, so stellt er die Person frei",
    "Where the light comes from": "Woher das Licht kommt",
    "The scene's world: any HDRI, sky or node tree": "Die Welt der Szene: HDRI, Himmel oder beliebige Nodes",
    "All that shines at the card, or at the 3D cursor without one: lamps, emitting and lit objects, world": "Alles, "
    "was auf die Karte scheint, ohne Karte auf den 3D-Cursor: Lampen, leuchtende und beleuchtete Objekte, Welt",
    "A panorama of its own, whatever the scene's world is": "Ein eigenes Panorama, gleich was die Welt der Szene ist",
    "The light that another photo was taken in, estimated from the person": "Das Licht, in dem ein anderes Foto "
    "aufgenommen wurde, geschätzt nach der Person darin",
    "From where the photo is taken to be seen: which light comes from the left, and which from behind": "Von wo das "
    "Foto gesehen wird: welches Licht von links kommt und welches von hinten",
    "The scene's camera; without one, the view": "Die Kamera der Szene; ohne sie die Ansicht",
    "The 3D Viewport's view: turn it, and the light turns": "Die Ansicht des 3D-Viewports: Dreht sie sich, dreht "
    "sich das Licht",
    "A camera that looks along +Y, wherever the scene's is": "Eine Kamera, die nach +Y blickt, gleich wo die der "
    "Szene steht",
    "The panorama that lights the photo": "Das Panorama, das das Foto beleuchtet",
    "A photo of a person in the light that is wanted": "Foto einer Person in dem Licht, das gewünscht ist",
    "The panorama's turn about the vertical": "Drehung des Panoramas um die Senkrechte",
    "Factor on its light": "Faktor auf sein Licht",
    "Stops; 1 doubles the light": "Blendenstufen; 1 verdoppelt das Licht",
    "Stops by which the bright lights are raised over the rest of the light; all of it stays as much": "Blendenstufen, "
    "um die helle Lichter über das übrige Licht gehoben werden; insgesamt bleibt es gleich viel",
    "Strength of highlights": "Stärke der Glanzlichter",
    "Strength of cast shadows; 0 removes them": "Stärke der Schlagschatten; 0 entfernt sie",
    "How much of the person as photographed shows": "Wie viel von der Person zu sehen ist, wie sie fotografiert wurde",
    "Which of several people to relight, counted from the left; 0 for all": "Welche von mehreren Personen neu "
    "beleuchtet wird, von links gezählt; 0 für alle",
    "What stands behind the relit person in the picture": "Was im Bild hinter der Person steht",
    "The scene's world as the camera sees it": "Die Welt der Szene, wie die Kamera sie sieht",
    "What stands behind the person in the photo": "Was im Foto hinter der Person steht",
    "Nothing: the matte becomes the alpha channel": "Nichts: Die Maske wird der Alphakanal",
    "One colour": "Eine Farbe",
    "What stands behind the person where one colour does": "Welche Farbe hinter der Person steht",
    "Also keep what the photo was taken apart into, as images": "Auch behalten, worin das Foto zerlegt wurde, als "
    "Bilder",
    "The last result": "Das letzte Ergebnis",
    "Coverage of the person": "Deckung der Person",
    "Surface directions of the person": "Richtungen der Oberfläche der Person",
    "The person free of light and shadow": "Die Person ohne Licht und Schatten",
    "The plane that shines with the last result": "Die Fläche, die mit dem letzten Ergebnis leuchtet",
    "Open a photo of a person to relight": "Foto einer Person öffnen, um sie neu zu beleuchten",
    "Take the picture in the clipboard for the photo to relight": "Das Bild in der Zwischenablage als Foto nehmen",
    "Take a picture for the photo to relight; a movie or several pictures for the movie; an .hdr file for the "
    "light": "Ein Bild als Foto nehmen, einen Film oder mehrere Bilder als Film, eine .hdr-Datei als Licht",
    "Light the scene with an HDRI: its world becomes that panorama, with nodes to turn and dim it": "Die Szene mit "
    "einem HDRI beleuchten: Es wird ihre Welt, mit Nodes, die es drehen und dimmen",
    "Open the portrait that comes with Relight Stage, light the scene with one of Blender's panoramas, and "
    "relight": "Das "
    "mitgelieferte Porträt öffnen, die Szene mit einem von Blenders Panoramen beleuchten und neu beleuchten",
    "Relight the photo under the scene's world, as its camera sees it, and keep the result as an image": "Das Foto "
    "im Licht der Szene neu beleuchten, wie ihre Kamera es sieht, und das Ergebnis als Bild behalten",
    "Also stand the relit person in the scene, on a card that faces the camera": "Die Person auch in die Szene "
    "stellen, auf einer Karte, die zur Kamera zeigt",
    "Let the relit image follow the light, the view and the sliders; press again to stop": "Das neu beleuchtete Bild "
    "folgt dem Licht, der Ansicht und den Reglern; nochmals drücken beendet es",
    "Stop relighting and leave everything as it was": "Das Neubeleuchten abbrechen und alles lassen, wie es war",
    "Show this image in the Image Editor": "Dieses Bild im Bildeditor zeigen",
    "Keep these settings under a name, or remove the ones shown": "Diese Einstellungen unter einem Namen behalten, "
    "oder die gezeigten entfernen",
    # Photo card, match, export, movie
    "The plane or relief that lamps light": "Die Fläche oder das Relief, das Lampen beleuchten",
    "Raise the surface from the normals, so that light from the side and nose and chin shadows fall as on a head; "
    "flat otherwise": "Die Oberfläche aus den Normalen heben, damit Seitenlicht und die Schatten von Nase und Kinn "
    "wie auf einem Kopf fallen; sonst flach",
    "Stand the cut-out person at the 3D cursor, life-size and upright, as a surface that the scene's lamps "
    "light": "Die "
    "freigestellte Person aufrecht und lebensgroß an den 3D-Cursor stellen, als Fläche, die die Lampen beleuchten",
    "What shines on the scene as the light shone on the person": "Was auf die Szene scheint wie das Licht auf die "
    "Person",
    "The world shines as what surrounded the person, as far as their face tells": "Die Welt leuchtet wie die "
    "Umgebung der Person, soweit ihr Gesicht es verrät",
    "One sun for the main light, an even world for the rest": "Eine Sonne für das Hauptlicht, eine gleichmäßige Welt "
    "für den Rest",
    "The lamp of the last match": "Die Lampe der letzten Anpassung",
    "Light the scene as the person in the photo was lit, seen by the same camera, so that objects fit to them": "Die "
    "Szene beleuchten wie die Person im Foto, von derselben Kamera gesehen, damit Objekte zu ihr passen",
    "Where the files go; // is the .blend file's folder": "Wohin die Dateien kommen; // ist der Ordner der "
    ".blend-Datei",
    "What kind of files, and whether the maps share one": "Welche Art von Dateien, und ob alle Karten in einer stehen",
    "One file that holds all maps as layers, in 32 bit floats": "Eine Datei mit allen Karten als Ebenen, 32 Bit "
    "Fließkomma",
    "A file for each map, in 32 bit floats": "Eine Datei je Karte, 32 Bit Fließkomma",
    "A file for each map, 16 bit; colours are sRGB-encoded, without the view transform": "Eine Datei je Karte, 16 Bit; "
    "Farben in sRGB, ohne die Ansichtstransformation",
    "What leaves the add-on": "Was ausgegeben wird",
    "The person under the scene's light; alpha is the matte": "Die Person im Licht der Szene; Alpha ist die Maske",
    "The person as photographed, without the background": "Die Person wie fotografiert, ohne den Hintergrund",
    "Diffuse reflectance, free of light and shadow": "Diffuse Reflexion, ohne Licht und Schatten",
    "Surface directions seen from the camera": "Richtungen der Oberfläche, von der Kamera gesehen",
    "Metres along the viewing axis, the nearest point at 1 m": "Meter in Blickrichtung, der nächste Punkt bei 1 m",
    "Light as white would reflect it, without cast shadow": "Das Licht, wie Weiß es reflektiert, ohne Schlagschatten",
    "What cast shadow leaves of the light": "Was der Schlagschatten vom Licht übrig lässt",
    "What does not pass through albedo: highlights": "Was nicht durch die Albedo geht: Glanzlichter",
    "How rough skin, hair, eyes and clothes are as a rule": "Wie rau Haut, Haar, Augen und Kleidung meist sind",
    "Which way the green channel of the normals points": "Wohin der Grünkanal der Normalen zeigt",
    "Green is up: Blender, Unity": "Grün ist oben: Blender, Unity",
    "Green is down: Unreal Engine, 3ds Max": "Grün ist unten: Unreal Engine, 3ds Max",
    "Write the chosen maps of the relit photo as files": "Die gewählten Karten des Fotos als Dateien schreiben",
    "Keep the chosen maps as images, packed into the .blend file": "Die gewählten Karten als Bilder behalten, in die "
    ".blend-Datei gepackt",
    "Add the maps to the scene's compositor, with a node group that joins them to the relit picture": "Die Karten in "
    "den Compositor der Szene stellen, mit einer Node-Gruppe, die sie wieder zusammensetzt",
    "A movie, or one of the numbered pictures of an image sequence": "Ein Film, oder eines der nummerierten Bilder "
    "einer Bildfolge",
    "Where the relit frames go, as numbered files; // is the .blend file's folder": "Wohin die Bilder kommen, als "
    "nummerierte Dateien; // ist der Ordner der .blend-Datei",
    "What kind of files the relit frames are": "Welche Art von Dateien die Bilder sind",
    "16 bit, sRGB-encoded": "16 Bit, in sRGB",
    "32 bit floats, scene-linear": "32 Bit Fließkomma, szenenlinear",
    "Also write the frames that are in the folder already; otherwise they are kept, so that work goes on where it "
    "stopped": "Auch die Bilder schreiben, die schon im Ordner liegen; sonst bleiben sie, und es geht dort weiter, wo "
    "es aufgehört hat",
    "The frames that the last run did not relight, and why": "Die Bilder, die zuletzt nicht beleuchtet wurden, und "
    "warum",
    "What the last run wrote": "Was zuletzt geschrieben wurde",
    "Relight every frame of the movie or image sequence, in the background; animated light is taken at each "
    "frame": "Jedes "
    "Bild des Films oder der Bildfolge im Hintergrund neu beleuchten; bewegtes Licht gilt für jedes Bild einzeln",
    "Stop before the next frame, or go on": "Vor dem nächsten Bild anhalten, oder weitermachen",
    # Dataset
    "Folder of the dataset. One folder holds one dataset; what is complete in it is kept": "Ordner des Datensatzes. "
    "Ein Ordner, ein Datensatz; was darin vollständig ist, bleibt",
    "How many portraits the dataset shall have": "Wie viele Porträts der Datensatz haben soll",
    "Side of the square pictures; an even number": "Seite der quadratischen Bilder; eine gerade Zahl",
    "Who is portrayed": "Wer porträtiert wird",
    "Drawn from the packs in the assets folder of the preferences, and the built-in head": "Aus den Paketen im "
    "Assets-Ordner der Einstellungen und dem eingebauten Kopf",
    "The head that comes with Relight Stage, under Blender's own panoramas and skies": "Der mitgelieferte Kopf, unter "
    "Blenders eigenen Panoramen und unter Himmeln",
    "What lights each person": "Was jede Person beleuchtet",
    "One environment a portrait: panoramas, skies, studios, rooms, streets": "Eine Umgebung je Porträt: Panoramen, "
    "Himmel, Studios, Räume, Straßen",
    "Each person under several environments, a portrait each": "Jede Person in mehreren Umgebungen, je ein Porträt",
    "Beside the environment one picture for each single light of a stage (OLAT)": "Neben der Umgebung ein Bild für "
    "jedes einzelne Licht einer Bühne (OLAT)",
    "As Light Stage, with lamps of 4° radius, whose shadows have edges": "Wie Lichtbühne, mit Lampen von 4° Radius, "
    "deren Schatten Kanten haben",
    "Beside the environment seven pictures under gradients of colour": "Neben der Umgebung sieben Bilder unter "
    "Farbverläufen",
    "How many environments or single lights": "Wie viele Umgebungen oder einzelne Lichter",
    "Cycles samples a pixel; the pictures are denoised": "Cycles-Samples je Pixel; die Bilder werden entrauscht",
    "More than 1: sequences of so many frames in which head, eyes and camera move": "Mehr als 1: Folgen von so vielen "
    "Bildern, in denen sich Kopf, Augen und Kamera bewegen",
    "The same seed draws the same people and lights": "Derselbe Startwert zieht dieselben Personen und Lichter",
    "Blenders that render side by side and share the processors; each needs memory of its own": "Blender, die "
    "nebeneinander rendern und sich die Prozessoren teilen; jedes braucht eigenen Speicher",
    "Render in the background, also while Blender is closed; what is complete in the folder is kept": "Im Hintergrund "
    "rendern, auch wenn Blender geschlossen ist; was im Ordner vollständig ist, bleibt",
    "Stop rendering. The portrait at work is given up, all others are kept; Resume goes on from there": "Das Rendern "
    "anhalten. Das Porträt in Arbeit wird aufgegeben, alle anderen bleiben; Fortsetzen macht dort weiter",
    "Show the dataset that is being rendered in this folder": "Den Datensatz zeigen, der in diesem Ordner entsteht",
    # Training
    "How large the networks are and how long they learn": "Wie groß die Netze sind und wie lange sie lernen",
    "The networks that Relight Stage ships: a day or two on a processor": "Die Netze, die mitgeliefert werden: ein, "
    "zwei Tage auf einem Prozessor",
    "A minute, to see that everything runs; the result is of no use": "Eine Minute, um zu sehen, dass alles läuft; "
    "das Ergebnis taugt zu nichts",
    "The widths of Total Relighting: days on a large graphics card": "Die Breiten von Total Relighting: Tage auf "
    "einer großen Grafikkarte",
    "A recipe of your own (docs/training.md)": "Ein eigenes Rezept (docs/training.md)",
    "A TOML file": "Eine TOML-Datei",
    "Folder of the dataset; what is rendered into it while training runs is taken up. Empty: the one of the Dataset "
    "panel": "Ordner des Datensatzes; was beim Training dazukommt, wird genutzt. Leer: der im Feld Datensatz",
    "Folder of checkpoints, losses, pictures and the result": "Ordner für Zwischenstände, Verluste, Bilder und das "
    "Ergebnis",
    "Train in the background, also while Blender is closed; goes on from the folder's last checkpoint": "Im "
    "Hintergrund trainieren, auch wenn Blender geschlossen ist; macht beim letzten Zwischenstand im Ordner weiter",
    "Stop training after the step at work and keep a checkpoint; Resume goes on from there": "Das Training nach dem "
    "laufenden Schritt anhalten und den Stand behalten; Fortsetzen macht dort weiter",
    "Show the training that runs in this folder": "Das Training zeigen, das in diesem Ordner läuft",
    "Export what was learned so far and relight with it: the preferences' networks become these": "Das Gelernte "
    "exportieren und damit beleuchten: Es wird zu den Netzen der Einstellungen",
    "Relight with the networks that Relight Stage ships": "Mit den mitgelieferten Netzen beleuchten",
    "Show the newest picture of the training in an Image Editor: photos, results and truth side by side": "Das neueste "
    "Bild des Trainings in einem Bildeditor zeigen: Fotos, Ergebnisse und Wahrheit nebeneinander",
    "Look again for a Python that has PyTorch and what else training needs": "Noch einmal ein Python suchen, das "
    "PyTorch hat und was das Training sonst braucht",
    # Preferences and quitting
    "Folder with matting.onnx, decompose.onnx and relight.onnx. Empty: those of Relight Stage": "Ordner mit "
    "matting.onnx, decompose.onnx und relight.onnx. Leer: die mitgelieferten",
    "Folder with head packs and HDRIs for datasets and the command line. Empty: the built-in head": "Ordner mit "
    "Kopfpaketen und HDRIs für Datensätze und die Kommandozeile. Leer: der eingebaute Kopf",
    "What the networks run on. Only what Blender's ONNX Runtime can use is listed": "Worauf die Netze rechnen. "
    "Gezeigt wird nur, was Blenders ONNX Runtime nutzen kann",
    "Processor threads that the networks use. 0: all of them": "Threads des Prozessors, die die Netze nutzen. 0: alle",
    "Longer side of the picture while the light is being turned; the full size follows when it stands": "Längere "
    "Seite des Bildes, während sich das Licht dreht; die volle Größe folgt, wenn es steht",
    "A Python that has PyTorch. Empty: the first one found on this computer": "Ein Python mit PyTorch. Leer: das "
    "erste, das auf diesem Rechner gefunden wird",
    "Say what becomes of the jobs in the background, then close Blender": "Sagen, was aus den Aufträgen im "
    "Hintergrund wird, dann Blender beenden",
    "They end by themselves; the next Blender finds them again": "Sie enden von selbst; das nächste Blender findet "
    "sie wieder",
    "What is complete is kept; Resume goes on from there": "Was vollständig ist, bleibt; Fortsetzen macht dort weiter",
}
