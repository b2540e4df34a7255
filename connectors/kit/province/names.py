"""Names, streets and schools from which people are invented. Every combination is invented; nobody is meant.

Family names have at least three letters, because the public rule of the code permanent says nothing
of shorter ones.
"""

from types import MappingProxyType

FAMILY_FRENCH = (
    "Tremblay", "Gagnon", "Bélanger", "Côté", "Lévesque", "Gauthier", "Desjardins", "Hébert",
    "Ouellet", "Thériault", "D'Amours", "L'Heureux", "St-Pierre", "Ste-Marie", "Beauséjour",
    "Charbonneau", "Deschênes", "Fréchette", "Grégoire", "Lachapelle", "Ménard", "Noël", "Pépin",
    "Quévillon", "Rhéaume", "Séguin", "Théberge", "Vaillancourt", "Bérubé", "Castonguay", "Dubé",
    "D'Amours-Lévesque", "Gélinas", "Huard", "Labrèche", "Le Breton", "Malenfant", "Nadeau-Roy",
    "Paré", "Rioux", "Savard", "Turgeon", "Bouchard-Côté", "Caron", "De la Durantaye", "Fiset",
)  # fmt: skip
FAMILY_ENGLISH = (
    "O'Neill", "MacDonald", "Smith-Taylor", "Robertson", "Campbell", "McGillivray", "Anderson",
    "O'Brien", "Fraser", "Whitmore", "Hughes", "Sinclair", "Bennett", "Cartwright", "Donnelly",
    "Ellis", "Fitzpatrick", "Gallagher", "Harrison", "Ingram", "Kavanagh", "Lockhart", "Montgomery",
    "Norris", "O'Shaughnessy", "Parkinson", "Quinn", "Reid", "Stewart-Allen", "Thompson", "Walsh",
)  # fmt: skip
FAMILY_OTHER = (
    "Nguyễn", "Diallo", "Benali", "Fernández", "Traoré", "Haddad", "Petrović", "Kowalski", "Joseph",
    "Pierre-Louis", "Chowdhury", "Okonkwo", "El-Khoury", "Muñoz", "Jean-Baptiste", "Singh", "Zhang",
)  # fmt: skip
GIVEN_GIRLS_FRENCH = (
    "Éloïse", "Marie-Ève", "Zoé", "Chloé", "Léa", "Maëlle", "Anne-Sophie", "Noémie", "Océane",
    "Rosalie", "Béatrice", "Juliette", "Camille", "Florence", "Gabrielle", "Héloïse", "Laurence",
    "Maïka", "Raphaëlle", "Sarah-Maude", "Thaïs", "Victoria", "Alizée", "Coralie", "Delphine",
)  # fmt: skip
GIVEN_BOYS_FRENCH = (
    "Étienne", "Jérémie", "Loïc", "Noé", "Félix-Antoine", "Mathéo", "Raphaël", "Théo", "Zacharie",
    "Émile", "Jean-Christophe", "Olivier", "Samuel", "Thomas", "William", "Anaël", "Benoît",
    "Cédric", "Dérek", "Édouard", "François-Xavier", "Hugo", "Ludovic", "Malik", "Nathan", "Xavier",
)  # fmt: skip
GIVEN_GIRLS_ENGLISH = (
    "Emily", "Olivia", "Anna-Lee", "Charlotte", "Grace", "Hannah", "Isla", "Megan", "Nora", "Paige",
    "Ruby", "Sophie", "Tessa", "Violet", "Abigail", "Brooke", "Chloë", "D'Arcy", "Eleanor", "Fiona",
)  # fmt: skip
GIVEN_BOYS_ENGLISH = (
    "Liam", "Ethan", "Owen", "Jacob", "Connor", "Dylan", "Ewan", "Finn", "Gavin", "Henry", "Isaac",
    "John-Paul", "Kieran", "Logan", "Mason", "Noah", "Patrick", "Ryan", "Seán", "Tristan", "Wyatt",
)  # fmt: skip
STREETS_FRENCH = (
    "rue des Érables-Rouges", "avenue du Quai", "rue de l'Église", "boulevard de la Rivière",
    "rang Saint-Éloi", "rue Principale Est", "chemin de la Côte-Neuve", "rue du Moulin",
)  # fmt: skip
STREETS_ENGLISH = ("Maple Row", "Old Mill Road", "Station Street", "Ridge Lane", "O'Connell Avenue")
SCHOOLS_FRENCH = (
    "des Érables-Rouges", "de la Grande-Ourse", "du Vent-du-Large", "des Trois-Ruisseaux",
    "de l'Aube-Claire", "du Phare-Blanc", "des Quatre-Saisons", "de la Pierre-Levée", "du Héron-Bleu",
    "des Hautes-Marées", "de l'Étoile-Filante", "du Sentier",
)  # fmt: skip
SCHOOLS_ENGLISH = (
    "Blue Heron", "Maple Ridge", "Three Brooks", "Northern Light", "Old Mill", "Harbour View",
    "Stonebridge", "Wild Geese", "Long Meadow", "Silver Birch",
)  # fmt: skip

# code: name, language, share of the province's pupils, city, first three characters of its postal codes
BOARDS = MappingProxyType(
    {
        "762000": ("Montréal", "fr", 5, "Montréal", ("H1V", "H2J", "H2R", "H3X")),
        "711000": ("Monts-et-Marées", "fr", 3, "Matane", ("G4W", "G5J")),
        "889000": ("New Frontiers", "en", 2, "Châteauguay", ("J6J", "J6K")),
    }
)
