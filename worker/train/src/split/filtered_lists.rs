//! The fault-filtered lists of GTZAN: Kereliuk, Sturm and Larsen, "Deep Learning and Music Adversaries" (2015), after
//! Sturm's catalogue of the set's repetitions, mislabellings and distortions (2013). Numbers of clips, in ranges with both
//! ends; a clip in no list is faulty.

/// The list that a clip is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    /// The training list, 443 clips.
    Train,
    /// The validation list, 197 clips.
    Valid,
    /// The test list, 290 clips.
    Test,
}

/// One genre's lists.
struct Genre {
    name: &'static str,
    train: &'static [(u8, u8)],
    valid: &'static [(u8, u8)],
    test: &'static [(u8, u8)],
}

#[rustfmt::skip]
const GENRES: [Genre; 10] = [
    Genre {
        name: "blues",
        train: &[
            (29, 49), (73, 97),
        ],
        valid: &[
            (0, 11), (50, 60),
        ],
        test: &[
            (12, 28), (61, 72), (98, 99),
        ],
    },
    Genre {
        name: "classical",
        train: &[
            (30, 33), (43, 48), (50, 67), (80, 99),
        ],
        valid: &[
            (0, 10), (68, 76),
        ],
        test: &[
            (11, 29), (34, 41), (49, 49), (77, 79),
        ],
    },
    Genre {
        name: "country",
        train: &[
            (19, 26), (28, 29), (65, 99),
        ],
        valid: &[
            (0, 7), (9, 18), (27, 27), (41, 42), (45, 45), (49, 49),
        ],
        test: &[
            (30, 40), (43, 44), (46, 48), (50, 51), (53, 64),
        ],
    },
    Genre {
        name: "disco",
        train: &[
            (5, 5), (15, 20), (22, 37), (39, 45), (47, 47), (49, 49), (53, 54), (56, 57), (59, 59), (61, 61),
            (70, 70), (73, 74), (89, 89),
        ],
        valid: &[
            (0, 0), (2, 4), (6, 14), (46, 46), (48, 48), (52, 52), (67, 68), (72, 72), (75, 75), (90, 90), (95, 95),
        ],
        test: &[
            (1, 1), (21, 21), (58, 58), (62, 66), (69, 69), (76, 88), (91, 94), (96, 97), (99, 99),
        ],
    },
    Genre {
        name: "hiphop",
        train: &[
            (2, 25), (28, 29), (31, 38), (41, 42), (55, 61), (77, 80),
        ],
        valid: &[
            (81, 98),
        ],
        test: &[
            (0, 0), (26, 27), (30, 30), (40, 40), (43, 45), (51, 54), (62, 75), (99, 99),
        ],
    },
    Genre {
        name: "jazz",
        train: &[
            (0, 1), (11, 24), (41, 41), (47, 72),
        ],
        valid: &[
            (2, 10), (25, 32),
        ],
        test: &[
            (73, 99),
        ],
    },
    Genre {
        name: "metal",
        train: &[
            (2, 3), (5, 5), (21, 21), (24, 24), (35, 35), (46, 57), (59, 66), (69, 69), (71, 72), (79, 80), (84, 84),
            (86, 86), (89, 99),
        ],
        valid: &[
            (0, 1), (6, 11), (16, 20), (36, 37), (68, 68), (76, 77), (81, 82),
        ],
        test: &[
            (12, 15), (22, 23), (25, 33), (38, 39), (67, 67), (70, 70), (73, 75), (78, 78), (83, 83), (85, 85),
            (87, 88),
        ],
    },
    Genre {
        name: "pop",
        train: &[
            (2, 9), (11, 12), (16, 20), (23, 29), (31, 36), (38, 42), (44, 44), (46, 46), (49, 50), (80, 80),
            (97, 99),
        ],
        valid: &[
            (10, 10), (53, 53), (55, 55), (58, 62), (81, 81), (83, 86),
        ],
        test: &[
            (0, 1), (13, 14), (43, 43), (63, 66), (69, 79), (82, 82), (88, 96),
        ],
    },
    Genre {
        name: "reggae",
        train: &[
            (0, 2), (4, 4), (6, 6), (9, 9), (11, 12), (14, 32), (42, 45), (49, 51), (54, 60), (63, 63), (69, 69),
        ],
        valid: &[
            (61, 62), (70, 70), (72, 72), (74, 74), (76, 78), (85, 85), (92, 99),
        ],
        test: &[
            (34, 40), (46, 48), (52, 53), (64, 68), (71, 71), (79, 79), (82, 84), (87, 90),
        ],
    },
    Genre {
        name: "rock",
        train: &[
            (0, 9), (16, 26), (57, 70), (91, 99),
        ],
        valid: &[
            (38, 38), (49, 56), (71, 85),
        ],
        test: &[
            (10, 15), (27, 37), (39, 48), (86, 90),
        ],
    },
];

/// The list of clip `number` of `genre`; none for a faulty clip.
pub(super) fn listed(genre: &str, number: u8) -> Option<Listed> {
    let lists = GENRES.iter().find(|lists| lists.name == genre)?;
    let holds = |ranges: &[(u8, u8)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&number));
    match lists {
        lists if holds(lists.train) => Some(Listed::Train),
        lists if holds(lists.valid) => Some(Listed::Valid),
        lists if holds(lists.test) => Some(Listed::Test),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_ascend_and_no_clip_is_in_two_lists() {
        for genre in &GENRES {
            let mut all = Vec::new();
            for ranges in [genre.train, genre.valid, genre.test] {
                assert!(ranges.iter().all(|(first, last)| first <= last && *last < 100), "{}", genre.name);
                assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{}", genre.name);
                all.extend(ranges.iter().flat_map(|(first, last)| *first..=*last));
            }
            let listed = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), listed, "{}", genre.name);
        }
    }

    #[test]
    fn faulty_clips_are_those_of_the_paper() {
        let faulty = |genre: &str| (0..100).filter(|number| listed(genre, *number).is_none()).collect::<Vec<u8>>();
        assert!(faulty("blues").is_empty());
        assert_eq!(faulty("classical"), [42]);
        assert_eq!(faulty("country"), [8, 52]);
        assert_eq!(faulty("disco"), [38, 50, 51, 55, 60, 71, 98]);
        assert_eq!(faulty("hiphop"), [1, 39, 46, 47, 48, 49, 50, 76]);
        assert_eq!(faulty("jazz"), (33..=40).chain(42..=46).collect::<Vec<_>>());
        assert_eq!(faulty("metal"), [4, 34, 40, 41, 42, 43, 44, 45, 58]);
        assert_eq!(faulty("pop"), [15, 21, 22, 30, 37, 45, 47, 48, 51, 52, 54, 56, 57, 67, 68, 87]);
        assert_eq!(faulty("reggae"), [3, 5, 7, 8, 10, 13, 33, 41, 73, 75, 80, 81, 86, 91]);
        assert!(faulty("rock").is_empty());
    }
}
