"""The words of a mandate's page and of its public notice, in three languages. Data only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    functions: function word to what is looked for, as a resident would say it.
    weekdays, months: full names from Monday and January. date: how a day is written; first_day:
    how the first of a month is.
    The rest are headings and sentences of `page.py` and `notice.py`, in the order of the page.
    """

    code: str
    functions: dict[str, str]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    roles: dict[str, str]
    date: str
    first_day: str
    moment: str
    mandate: str
    revocation: str
    bench: str
    signed_by: str
    unsigned: str
    who: str
    why: str
    basis: str
    where: str
    devices: str
    what: str
    camera: str
    whole_picture: str
    zone: str
    nothing_computed: str
    no_identity: str
    identity: str
    when: str
    every_day: str
    all_day: str
    next_day: str
    from_date: str
    to_date: str
    local_time: str
    until: str
    term: str
    basis_ends: str
    mode: str
    operation: str
    calibration: str
    review: str
    video: str
    kept: str
    not_kept: str
    clips: str
    clips_by: str
    no_clips: str
    custody: str
    fixed: str
    fixed_text: str
    reason: str
    notice_title: str
    notice_what: str
    rights: str
    rights_text: str
    contact: str
    qr: str
    and_word: str


ENGLISH = Words(
    code="en",
    functions={
        "abandoned_object": "an object left behind",
        "weapon": "a weapon carried or used",
        "wrong_way": "movement against the allowed direction",
        "intrusion": "presence in a forbidden or sensitive zone",
        "crowd_movement": "a sudden movement of a crowd",
        "density": "too many people in one place",
        "person_down": "a person on the ground after a fall",
        "fire_start": "the beginning of a fire",
        "loitering": "staying for long in a zone",
        "loitering_near_vehicle": "staying for long beside a vehicle",
        "line_crossing": "crossing a line",
        "count": "how many pass a line",
        "occupancy": "how many are in a zone",
        "queue": "a queue",
        "removed_object": "an object taken away",
        "bicycle_theft": "a bicycle taken by somebody else",
        "illegal_parking": "parking where it is forbidden",
        "double_parking": "double parking",
        "stopped_vehicle": "a vehicle stopped on the carriageway",
        "congestion": "a traffic jam",
        "speeding": "driving too fast",
        "forbidden_turn": "a forbidden turn",
        "vehicle_in_pedestrian_zone": "a vehicle in a pedestrian zone",
        "pedestrian_on_carriageway": "a pedestrian on the carriageway",
        "two_wheeler_on_pavement": "a two-wheeler on the pavement",
        "tailgating": "following through a gate",
        "running": "running",
        "gathering": "a gathering",
        "dispersal": "people suddenly scattering",
        "counter_flow": "movement against the stream of people",
        "fence_climb": "climbing a fence",
        "fight": "a fight",
        "plate_read": "READING NUMBER PLATES",
        "plate_listed": "NUMBER PLATES ON A LIST",
        "vehicle_listed": "VEHICLES ON A LIST",
        "person_listed": "PERSONS ON A LIST",
        "person_missing": "MISSING PERSONS",
        "vehicle_description": "VEHICLES BY DESCRIPTION",
        "person_description": "PERSONS BY DESCRIPTION",
    },
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=("January", "February", "March", "April", "May", "June", "July", "August", "September",
            "October", "November", "December"),
    roles={
        "operator": "operators",
        "supervisor": "supervisors",
        "authority": "the authority",
        "technician": "technicians",
    },
    date="{day} {month} {year}",
    first_day="1",
    moment="{date}, {clock}",
    mandate="Mandate, version {version}",
    revocation="Revocation of mandate version {version}",
    bench="BENCH: a demonstration or a test. It allows nothing on a street.",
    signed_by="Signatures (not verified here): {names}",
    unsigned="Not signed yet",
    who="Who",
    why="Why",
    basis="Legal basis",
    where="Where",
    devices="Devices: {names}",
    what="What is looked for",
    camera="Camera {name}",
    whole_picture="anywhere in the picture: {functions}",
    zone="zone “{name}”: {functions}",
    nothing_computed="nothing is looked for",
    no_identity="Nobody is identified: no face, no number plate, no biometric data.",
    identity="CAUTION: this mandate lets persons or vehicles be identified.",
    when="When",
    every_day="every day",
    all_day="all day",
    next_day="(next day)",
    from_date="from {date}",
    to_date="to {date}",
    local_time="Local time of {zone}.",
    until="Until when",
    term="From {begins} until {ends}.",
    basis_ends="Its legal basis ends on {ends}; nothing holds after that.",
    mode="For what",
    operation="Operation: what is noticed is shown to operators.",
    calibration="Calibration: what is noticed is marked so, reaches no operator, and is deleted.",
    review="A signal decides nothing: a person looks at each.",
    video="Video",
    kept="Kept encrypted on the pole for {days} days, then destroyed.",
    not_kept="Nothing is recorded.",
    clips="Extracts",
    clips_by="Only {names}, each with a reason and a case number.",
    no_clips="Nobody may ask for one.",
    custody="The way of each extract is recorded (chain of custody).",
    fixed="What is fixed",
    fixed_text="Another rule, mask or detector than the signed one stops the detection.",
    reason="Reason",
    notice_title="Video protection with automatic detection",
    notice_what="The cameras of this place notice by computer:",
    rights="Your rights",
    rights_text="You may ask what concerns you, have it corrected or erased, object, and complain "
    "to the data protection authority.",
    contact="Whom to ask",
    qr="This notice and its mandate",
    and_word="and",
)  # fmt: skip

FRENCH = Words(
    code="fr",
    functions={
        "abandoned_object": "un objet abandonné",
        "weapon": "une arme portée ou utilisée",
        "wrong_way": "une circulation à contresens",
        "intrusion": "une présence dans une zone interdite ou sensible",
        "crowd_movement": "un mouvement de foule",
        "density": "une densité de personnes trop importante",
        "person_down": "une personne au sol à la suite d'une chute",
        "fire_start": "un départ de feu",
        "loitering": "une présence prolongée dans une zone",
        "loitering_near_vehicle": "une présence prolongée près d'un véhicule",
        "line_crossing": "le franchissement d'une ligne",
        "count": "le nombre de passages d'une ligne",
        "occupancy": "le nombre de présents dans une zone",
        "queue": "une file d'attente",
        "removed_object": "un objet enlevé",
        "bicycle_theft": "un vélo emporté par un autre",
        "illegal_parking": "un stationnement interdit",
        "double_parking": "un stationnement en double file",
        "stopped_vehicle": "un véhicule arrêté sur la chaussée",
        "congestion": "un embouteillage",
        "speeding": "une vitesse excessive",
        "forbidden_turn": "un virage interdit",
        "vehicle_in_pedestrian_zone": "un véhicule en zone piétonne",
        "pedestrian_on_carriageway": "un piéton sur la chaussée",
        "two_wheeler_on_pavement": "un deux-roues sur le trottoir",
        "tailgating": "un passage à la suite d'un autre",
        "running": "une course",
        "gathering": "un attroupement",
        "dispersal": "une dispersion soudaine",
        "counter_flow": "un mouvement contre le flux",
        "fence_climb": "l'escalade d'une clôture",
        "fight": "une rixe",
        "plate_read": "LECTURE DE PLAQUES",
        "plate_listed": "PLAQUES INSCRITES SUR UNE LISTE",
        "vehicle_listed": "VÉHICULES INSCRITS SUR UNE LISTE",
        "person_listed": "PERSONNES INSCRITES SUR UNE LISTE",
        "person_missing": "PERSONNES DISPARUES",
        "vehicle_description": "VÉHICULES D'APRÈS DESCRIPTION",
        "person_description": "PERSONNES D'APRÈS DESCRIPTION",
    },
    weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    months=("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
            "octobre", "novembre", "décembre"),
    roles={
        "operator": "les opérateurs",
        "supervisor": "les superviseurs",
        "authority": "l'autorité",
        "technician": "les techniciens",
    },
    date="{day} {month} {year}",
    first_day="1er",
    moment="{date} à {clock}",
    mandate="Mandat, version {version}",
    revocation="Révocation du mandat, version {version}",
    bench="BENCH : une démonstration ou un essai. Il n'autorise rien dans la rue.",
    signed_by="Signatures (non vérifiées ici) : {names}",
    unsigned="Pas encore signé",
    who="Qui",
    why="Pourquoi",
    basis="Base légale",
    where="Où",
    devices="Appareils : {names}",
    what="Ce qui est recherché",
    camera="Caméra {name}",
    whole_picture="dans toute l'image : {functions}",
    zone="zone « {name} » : {functions}",
    nothing_computed="rien n'est recherché",
    no_identity="Personne n'est identifié : ni visage, ni plaque, ni donnée biométrique.",
    identity="ATTENTION : ce mandat permet d'identifier des personnes ou des véhicules.",
    when="Quand",
    every_day="tous les jours",
    all_day="toute la journée",
    next_day="(le lendemain)",
    from_date="à partir du {date}",
    to_date="jusqu'au {date}",
    local_time="Heure locale de {zone}.",
    until="Jusqu'à quand",
    term="Du {begins} au {ends}.",
    basis_ends="Sa base légale prend fin le {ends} ; rien ne vaut au-delà.",
    mode="À quelle fin",
    operation="Exploitation : ce qui est remarqué est montré aux opérateurs.",
    calibration="Calibrage : ce qui est remarqué est marqué comme tel, ne parvient à aucun "
    "opérateur et est effacé.",
    review="Un signalement ne décide de rien : une personne examine chacun d'eux.",
    video="Vidéo",
    kept="Conservée chiffrée dans le poteau pendant {days} jours, puis détruite.",
    not_kept="Rien n'est enregistré.",
    clips="Extraits",
    clips_by="Seulement {names}, chaque fois avec un motif et un numéro de dossier.",
    no_clips="Personne ne peut en demander.",
    custody="Le parcours de chaque extrait est consigné (chaîne de conservation).",
    fixed="Ce qui est figé",
    fixed_text="Une règle, un masque ou un détecteur autre que celui qui a été signé arrête la "
    "détection.",
    reason="Motif",
    notice_title="Vidéoprotection avec détection automatique",
    notice_what="Les caméras de ce lieu remarquent par ordinateur :",
    rights="Vos droits",
    rights_text="Vous pouvez demander ce qui vous concerne, le faire rectifier ou effacer, vous y "
    "opposer, et saisir l'autorité de protection des données.",
    contact="À qui s'adresser",
    qr="Cet avis et son mandat",
    and_word="et",
)  # fmt: skip

SPANISH = Words(
    code="es",
    functions={
        "abandoned_object": "un objeto abandonado",
        "weapon": "un arma portada o usada",
        "wrong_way": "circulación en sentido contrario",
        "intrusion": "presencia en una zona prohibida o sensible",
        "crowd_movement": "un movimiento repentino de la multitud",
        "density": "demasiadas personas en un lugar",
        "person_down": "una persona en el suelo tras una caída",
        "fire_start": "el inicio de un fuego",
        "loitering": "permanencia prolongada en una zona",
        "loitering_near_vehicle": "permanencia prolongada junto a un vehículo",
        "line_crossing": "el cruce de una línea",
        "count": "cuántos pasan una línea",
        "occupancy": "cuántos hay en una zona",
        "queue": "una cola",
        "removed_object": "un objeto retirado",
        "bicycle_theft": "una bicicleta llevada por otro",
        "illegal_parking": "estacionamiento prohibido",
        "double_parking": "estacionamiento en doble fila",
        "stopped_vehicle": "un vehículo detenido en la calzada",
        "congestion": "un atasco",
        "speeding": "exceso de velocidad",
        "forbidden_turn": "un giro prohibido",
        "vehicle_in_pedestrian_zone": "un vehículo en zona peatonal",
        "pedestrian_on_carriageway": "un peatón en la calzada",
        "two_wheeler_on_pavement": "un vehículo de dos ruedas en la acera",
        "tailgating": "paso detrás de otro por un acceso",
        "running": "una carrera",
        "gathering": "una aglomeración",
        "dispersal": "una dispersión repentina",
        "counter_flow": "movimiento contra el flujo de personas",
        "fence_climb": "escalada de una valla",
        "fight": "una pelea",
        "plate_read": "LECTURA DE PLACAS",
        "plate_listed": "PLACAS EN UNA LISTA",
        "vehicle_listed": "VEHÍCULOS EN UNA LISTA",
        "person_listed": "PERSONAS EN UNA LISTA",
        "person_missing": "PERSONAS DESAPARECIDAS",
        "vehicle_description": "VEHÍCULOS POR DESCRIPCIÓN",
        "person_description": "PERSONAS POR DESCRIPCIÓN",
    },
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
            "octubre", "noviembre", "diciembre"),
    roles={
        "operator": "los operadores",
        "supervisor": "los supervisores",
        "authority": "la autoridad",
        "technician": "los técnicos",
    },
    date="{day} de {month} de {year}",
    first_day="1",
    moment="{date}, {clock}",
    mandate="Mandato, versión {version}",
    revocation="Revocación del mandato, versión {version}",
    bench="BENCH: una demostración o una prueba. No autoriza nada en la calle.",
    signed_by="Firmas (no verificadas aquí): {names}",
    unsigned="Sin firmar todavía",
    who="Quién",
    why="Por qué",
    basis="Base legal",
    where="Dónde",
    devices="Equipos: {names}",
    what="Qué se busca",
    camera="Cámara {name}",
    whole_picture="en toda la imagen: {functions}",
    zone="zona «{name}»: {functions}",
    nothing_computed="no se busca nada",
    no_identity="No se identifica a nadie: ni rostro, ni placa, ni dato biométrico.",
    identity="ATENCIÓN: este mandato permite identificar personas o vehículos.",
    when="Cuándo",
    every_day="todos los días",
    all_day="todo el día",
    next_day="(del día siguiente)",
    from_date="desde el {date}",
    to_date="hasta el {date}",
    local_time="Hora local de {zone}.",
    until="Hasta cuándo",
    term="Desde el {begins} hasta el {ends}.",
    basis_ends="Su base legal termina el {ends}; después no vale nada.",
    mode="Para qué",
    operation="Operación: lo que se advierte se muestra a los operadores.",
    calibration="Calibración: lo que se advierte se marca así, no llega a ningún operador y se "
    "borra.",
    review="Una señal no decide nada: una persona mira cada una.",
    video="Vídeo",
    kept="Se guarda cifrado en el poste durante {days} días y después se destruye.",
    not_kept="No se graba nada.",
    clips="Extractos",
    clips_by="Solo {names}, cada vez con un motivo y un número de caso.",
    no_clips="Nadie puede pedir ninguno.",
    custody="El recorrido de cada extracto queda registrado (cadena de custodia).",
    fixed="Qué queda fijado",
    fixed_text="Una regla, una máscara o un detector distintos de los firmados detienen la "
    "detección.",
    reason="Motivo",
    notice_title="Videovigilancia con detección automática",
    notice_what="Las cámaras de este lugar advierten por ordenador:",
    rights="Sus derechos",
    rights_text="Puede pedir lo que le concierne, hacerlo rectificar o borrar, oponerse, y "
    "reclamar ante la autoridad de protección de datos.",
    contact="A quién dirigirse",
    qr="Este aviso y su mandato",
    and_word="y",
)  # fmt: skip

LANGUAGES: dict[str, Words] = {words.code: words for words in (ENGLISH, FRENCH, SPANISH)}
