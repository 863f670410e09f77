"""The questions of a screening, in the order in which they are asked (docs/screening.md: sources).

Whatever makes head-down dangerous for somebody: the eyes' and the head's pressure rise, the heart
has more to do, the ankles and the spine bear the body's weight.
"""

from dataclasses import dataclass

LIST_VERSION = 1
"""Counts up with every change of the questions; stored with the answers."""


@dataclass(frozen=True)
class Question:
    """One contraindication: its `key` in files and the store, what is asked, and why."""

    key: str
    ask: str
    why: str


QUESTIONS = (
    Question(
        "glaucoma",
        "Glaucoma, or raised pressure in an eye?",
        "head-down doubles the pressure in the eyes",
    ),
    Question(
        "retina",
        "Detached or torn retina, other disease of the retina or macula, high short-sightedness,"
        " or surgery of an eye?",
        "the vessels and the retina bear the pressure too; both retinas detached in a user",
    ),
    Question(
        "eye_infection",
        "An inflamed or infected eye?",
        "congestion makes it worse",
    ),
    Question(
        "hypertension",
        "High blood pressure, treated or not?",
        "blood pressure rises head-down",
    ),
    Question(
        "heart",
        "Disease of the heart or the circulation, heart failure, a pacemaker?",
        "more blood returns to the heart",
    ),
    Question(
        "stroke",
        "A stroke or TIA, bleeding or an aneurysm in the head, a narrowed neck artery?",
        "pressure rises in the head's vessels",
    ),
    Question(
        "head",
        "Frequent severe headaches, a disease of the brain, raised pressure in the head, a recent"
        " head injury?",
        "pressure rises in the head",
    ),
    Question(
        "seizure",
        "Fainting, seizures, dizziness or vertigo?",
        "it may begin head-down, where nobody can get off alone",
    ),
    Question(
        "pregnancy",
        "Pregnant, or possibly so?",
        "not studied; trials leave pregnant women out",
    ),
    Question(
        "hernia",
        "A hernia: hiatal, of the abdominal wall, or of the groin?",
        "the organs press on it from the other side",
    ),
    Question(
        "reflux",
        "Severe acid reflux, or a full stomach now?",
        "stomach acid runs to the throat; it may be breathed in",
    ),
    Question(
        "bones",
        "Osteoporosis or other weak bones, or a fracture that is recent or not healed?",
        "the body's weight pulls on the bones",
    ),
    Question(
        "surgery",
        "Surgery in the last six months, or an implant or artificial joint that is loaded hanging?",
        "wounds and implants bear the pull",
    ),
    Question(
        "spine",
        "An injury, instability, tumour or infection of the spine; new weakness, numbness between"
        " the legs, trouble with bladder or bowel?",
        "traction can harm a spine that is not stable; the last are emergencies",
    ),
    Question(
        "joints",
        "A swollen, injured or unstable ankle, knee or hip?",
        "they bear the body's weight",
    ),
    Question(
        "ear_infection",
        "An infection of the middle ear, or trouble to equalise its pressure?",
        "the ear's tube opens less head-down",
    ),
    Question(
        "anticoagulants",
        "Blood-thinning medicine, also aspirin in high doses, or a tendency to bleed?",
        "small vessels of eyes and head break more easily under pressure",
    ),
    Question(
        "weight",
        "Severe obesity, or heavier than the table bears?",
        "load on table and joints; undetected disease of the circulation is frequent",
    ),
    Question(
        "other",
        "Any other illness or medicine that a doctor should be asked about, or unwell today?",
        "no list is complete",
    ),
)

KEYS = tuple(question.key for question in QUESTIONS)
