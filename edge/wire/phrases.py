"""The words of `sentences.py` in three languages. Data only, one table per language.

Verbs stand in the present tense so that no participle must agree with what was seen.
`{subject}`, `{place}`, `{camera}`, `{seconds}`, `{measured}`, `{score}`, `{reason}` and the
rule's own parameters are filled in by `sentences.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language.

    subjects: class word (`thing` for unspecified) to a noun with its article.
    facts: function word to what happens; `*` stands for a function without words of its own.
    limits: parameter name to how it reads as a threshold.
    headings: eight compass words, from up (12 o'clock) clockwise.
    values: what a parameter may say in a word of the site file, such as a direction.
    decimal_mark: what stands between units and tenths.
    """

    subjects: dict[str, str]
    facts: dict[str, str]
    limits: dict[str, str]
    headings: tuple[str, ...]
    values: dict[str, str]
    decimal_mark: str
    going_on: str
    ended: str
    lasted: str
    score: str
    travel: str
    stood: str
    limit_heading: str
    reason: str
    gap: str
    rule: str
    model: str
    camera: str


ENGLISH = Phrases(
    subjects={
        "thing": "Something",
        "person": "A person",
        "bicycle": "A bicycle",
        "motorcycle": "A motorcycle",
        "car": "A car",
        "bus": "A bus",
        "truck": "A truck",
        "bag": "A bag",
        "animal": "An animal",
    },
    facts={
        "intrusion": "{subject} is in zone '{place}'",
        "line_crossing": "{subject} crosses line '{place}'",
        "loitering": "{subject} stays in zone '{place}'",
        "wrong_way": "{subject} moves the wrong way in zone '{place}'",
        "count": "{measured} crossed line '{place}' in one period",
        "occupancy": "{measured} are in zone '{place}'",
        "camera_lost": "Camera '{camera}' delivers no picture",
        "camera_frozen": "Camera '{camera}' shows the same picture again and again",
        "camera_dark": "Camera '{camera}' sees almost nothing but darkness",
        "camera_covered": "Camera '{camera}' looks covered: its picture has no detail",
        "clock": "The device's clock cannot be trusted",
        "storage": "The device's storage is short",
        "thermal": "The device is too hot",
        "spool_gap": "Events are missing",
        "site": "A new site file was refused; the last good one stays in force",
        "mandate": "The mandate lets nothing be detected or recorded now",
        "room": "A process of the device ended by itself and was started again",
        "software": "The device started its software",
        "local_page": "A technician's token opened the live picture on the device's own cable",
        "*": "{subject}: {function} at '{place}'",
    },
    limits={
        "min_seconds": "at least {value} s",
        "min_travel_frac": "a way of at least {value} of the frame",
        "min_score": "confidence of at least {value}",
        "max_radius_frac": "within {value} of the frame",
        "max_things": "more than {value}",
        "period_seconds": "periods of {value} s",
        "allowed_deg": "allowed heading {value}°",
        "tolerance_deg": "tolerance {value}°",
        "direction": "direction: {value}",
        "when": "on {value}",
        "lost_seconds": "no picture for {value} s",
        "frozen_seconds": "unchanged for {value} s",
        "dark_luma": "brightness under {value} of 255",
        "covered_detail": "detail under {value} of 255",
        "covered_seconds": "for {value} s",
        "min_free_mb": "less than {value} MB free",
        "max_celsius": "over {value} °C",
        "max_clock_step_seconds": "a step over {value} s",
    },
    headings=(
        "upwards",
        "up to the right",
        "to the right",
        "down to the right",
        "downwards",
        "down to the left",
        "to the left",
        "up to the left",
    ),
    values={
        "left_to_right": "left to right",
        "right_to_left": "right to left",
        "both": "both",
        "entry": "entry",
        "presence": "presence",
    },
    decimal_mark=".",
    going_on="still going on",
    ended="it is over",
    lasted="for {seconds} s",
    score="confidence {score} %",
    travel="it came {heading}, over {percent} % of the frame",
    stood="it hardly moved",
    limit_heading="Threshold: {limits}.",
    reason="reason: {reason}",
    gap="{missing} of events {first} to {last}",
    rule="Rule '{rule}' ({function}), version {version}",
    model="model {model}",
    camera="camera '{camera}'",
)

FRENCH = Phrases(
    subjects={
        "thing": "Quelque chose",
        "person": "Une personne",
        "bicycle": "Un vélo",
        "motorcycle": "Une moto",
        "car": "Une voiture",
        "bus": "Un bus",
        "truck": "Un camion",
        "bag": "Un sac",
        "animal": "Un animal",
    },
    facts={
        "intrusion": "{subject} se trouve dans la zone « {place} »",
        "line_crossing": "{subject} franchit la ligne « {place} »",
        "loitering": "{subject} reste dans la zone « {place} »",
        "wrong_way": "{subject} circule à contresens dans la zone « {place} »",
        "count": "{measured} passages de la ligne « {place} » en une période",
        "occupancy": "{measured} présents dans la zone « {place} »",
        "camera_lost": "La caméra « {camera} » ne donne plus d'image",
        "camera_frozen": "La caméra « {camera} » montre toujours la même image",
        "camera_dark": "La caméra « {camera} » ne voit presque que du noir",
        "camera_covered": "La caméra « {camera} » semble couverte : image sans détail",
        "clock": "L'horloge de l'appareil n'est pas fiable",
        "storage": "L'espace de stockage de l'appareil est presque épuisé",
        "thermal": "L'appareil est trop chaud",
        "spool_gap": "Des événements manquent",
        "site": "Un nouveau fichier de site a été refusé ; le dernier valable reste en vigueur",
        "mandate": "Le mandat ne permet à présent ni détection ni enregistrement",
        "room": "Un processus de l'appareil s'est arrêté de lui-même et a été relancé",
        "software": "L'appareil a démarré son logiciel",
        "local_page": "Le jeton d'un technicien ouvre l'image en direct sur le câble de l'appareil",
        "*": "{subject} : {function} à « {place} »",
    },
    limits={
        "min_seconds": "au moins {value} s",
        "min_travel_frac": "un trajet d'au moins {value} de l'image",
        "min_score": "confiance d'au moins {value}",
        "max_radius_frac": "dans un rayon de {value} de l'image",
        "max_things": "plus de {value}",
        "period_seconds": "périodes de {value} s",
        "allowed_deg": "cap autorisé {value}°",
        "tolerance_deg": "tolérance {value}°",
        "direction": "sens : {value}",
        "when": "critère : {value}",
        "lost_seconds": "aucune image pendant {value} s",
        "frozen_seconds": "inchangée pendant {value} s",
        "dark_luma": "luminosité sous {value} sur 255",
        "covered_detail": "détail sous {value} sur 255",
        "covered_seconds": "pendant {value} s",
        "min_free_mb": "moins de {value} Mo libres",
        "max_celsius": "plus de {value} °C",
        "max_clock_step_seconds": "un saut de plus de {value} s",
    },
    headings=(
        "vers le haut",
        "vers le haut à droite",
        "vers la droite",
        "vers le bas à droite",
        "vers le bas",
        "vers le bas à gauche",
        "vers la gauche",
        "vers le haut à gauche",
    ),
    values={
        "left_to_right": "de gauche à droite",
        "right_to_left": "de droite à gauche",
        "both": "les deux",
        "entry": "entrée",
        "presence": "présence",
    },
    decimal_mark=",",
    going_on="toujours en cours",
    ended="c'est terminé",
    lasted="pendant {seconds} s",
    score="confiance {score} %",
    travel="trajet {heading}, sur {percent} % de l'image",
    stood="presque sans bouger",
    limit_heading="Seuil : {limits}.",
    reason="motif : {reason}",
    gap="{missing} des événements {first} à {last}",
    rule="Règle « {rule} » ({function}), version {version}",
    model="modèle {model}",
    camera="caméra « {camera} »",
)

SPANISH = Phrases(
    subjects={
        "thing": "Algo",
        "person": "Una persona",
        "bicycle": "Una bicicleta",
        "motorcycle": "Una motocicleta",
        "car": "Un coche",
        "bus": "Un autobús",
        "truck": "Un camión",
        "bag": "Una bolsa",
        "animal": "Un animal",
    },
    facts={
        "intrusion": "{subject} está en la zona «{place}»",
        "line_crossing": "{subject} cruza la línea «{place}»",
        "loitering": "{subject} permanece en la zona «{place}»",
        "wrong_way": "{subject} circula en sentido contrario en la zona «{place}»",
        "count": "{measured} cruces de la línea «{place}» en un período",
        "occupancy": "{measured} presentes en la zona «{place}»",
        "camera_lost": "La cámara «{camera}» no entrega imagen",
        "camera_frozen": "La cámara «{camera}» muestra siempre la misma imagen",
        "camera_dark": "La cámara «{camera}» apenas ve más que oscuridad",
        "camera_covered": "La cámara «{camera}» parece cubierta: imagen sin detalle",
        "clock": "El reloj del equipo no es fiable",
        "storage": "Al equipo le queda poco espacio",
        "thermal": "El equipo está demasiado caliente",
        "spool_gap": "Faltan eventos",
        "site": "Se rechazó un nuevo archivo de sitio; sigue en vigor el último válido",
        "mandate": "El mandato no permite ahora ni detectar ni grabar",
        "room": "Un proceso del equipo terminó por sí solo y se inició de nuevo",
        "software": "El equipo inició su software",
        "local_page": "La ficha de un técnico abre la imagen en directo en el cable del equipo",
        "*": "{subject}: {function} en «{place}»",
    },
    limits={
        "min_seconds": "al menos {value} s",
        "min_travel_frac": "un recorrido de al menos {value} de la imagen",
        "min_score": "confianza de al menos {value}",
        "max_radius_frac": "en un radio de {value} de la imagen",
        "max_things": "más de {value}",
        "period_seconds": "períodos de {value} s",
        "allowed_deg": "rumbo permitido {value}°",
        "tolerance_deg": "tolerancia {value}°",
        "direction": "sentido: {value}",
        "when": "criterio: {value}",
        "lost_seconds": "sin imagen durante {value} s",
        "frozen_seconds": "sin cambios durante {value} s",
        "dark_luma": "brillo inferior a {value} de 255",
        "covered_detail": "detalle inferior a {value} de 255",
        "covered_seconds": "durante {value} s",
        "min_free_mb": "menos de {value} MB libres",
        "max_celsius": "más de {value} °C",
        "max_clock_step_seconds": "un salto de más de {value} s",
    },
    headings=(
        "hacia arriba",
        "hacia arriba a la derecha",
        "hacia la derecha",
        "hacia abajo a la derecha",
        "hacia abajo",
        "hacia abajo a la izquierda",
        "hacia la izquierda",
        "hacia arriba a la izquierda",
    ),
    values={
        "left_to_right": "de izquierda a derecha",
        "right_to_left": "de derecha a izquierda",
        "both": "ambos",
        "entry": "entrada",
        "presence": "presencia",
    },
    decimal_mark=",",
    going_on="sigue en curso",
    ended="ha terminado",
    lasted="durante {seconds} s",
    score="confianza {score} %",
    travel="recorrido {heading}, por el {percent} % de la imagen",
    stood="casi sin moverse",
    limit_heading="Umbral: {limits}.",
    reason="motivo: {reason}",
    gap="{missing} de los eventos {first} a {last}",
    rule="Regla «{rule}» ({function}), versión {version}",
    model="modelo {model}",
    camera="cámara «{camera}»",
)

LANGUAGES: dict[str, Phrases] = {"en": ENGLISH, "fr": FRENCH, "es": SPANISH}
