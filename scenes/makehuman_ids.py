"""Places on MakeHuman's base mesh, by the ids of its vertices and faces (the mesh never changes its topology)."""

# The 68 landmarks in iBUG order, as vertices: the ICT FaceKit's landmarks carried over by a thin-plate spline through
# eye corners, lids, nose, mouth corners and chin, snapped to the nearest vertex and made symmetric; the lids' lie
# on the front of their rims, and the brows on the median of the pack's twelve eyebrows.
# fmt: off
LANDMARKS = (
    870, 5235, 5246, 5242, 5240, 3697, 916, 5292, 732, 11898, 7618, 10365, 11849, 11851, 11854, 11844, 7575, 212,
    206, 176, 180, 166, 6943, 6956, 6952, 6981, 6987, 136, 131, 164, 5054, 360, 314, 343, 7077, 7121, 1063, 0, 54,
    1104, 47, 41, 7796, 6838, 6784, 7755, 6825, 6831, 3735, 447, 456, 455, 7215, 7207, 10403, 7166, 7241,
    492, 486, 406, 530, 470, 474, 7226, 7275, 7237, 493, 482,
)

# The vermilion, as first and one-past-last face of each run: faces around the mouth where the light skins are reddest.
LIP_FACES = (
    (264, 267), (269, 271), (272, 273), (275, 278), (279, 281), (283, 285), (287, 300), (301, 308), (309, 316),
    (317, 320), (321, 344), (345, 351), (430, 431), (435, 436), (438, 439), (446, 447), (449, 450), (457, 458),
    (461, 462), (3280, 3283), (3304, 3308), (3353, 3357), (3378, 3383), (4908, 4911), (4927, 4929), (4930, 4931),
    (4933, 4936), (4964, 4966), (6891, 6894), (6896, 6898), (6899, 6900), (6902, 6905), (6906, 6908), (6910, 6912),
    (6914, 6927), (6928, 6935), (6936, 6943), (6944, 6947), (6948, 6971), (6972, 6978), (7060, 7061), (7070, 7071),
    (9899, 9902), (9923, 9927), (9972, 9976), (9997, 10002), (11632, 11635), (11651, 11653), (11654, 11655), (11657,
    11660), (11688, 11690), (13361, 13365), (13377, 13378),
)
# fmt: on
