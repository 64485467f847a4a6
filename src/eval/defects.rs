//! The defects that labelled sets name, and the codes that a photo with one should raise.

/// A defect's name in `labels.jsonl` and the codes of which at least one counts as its detection.
pub const DEFECTS: &[(&str, &[&str])] = &[
    ("cut_off", &["card.cut_off"]),
    ("covered", &["card.covered"]),
    ("two_cards", &["card.many"]),
    ("low_resolution", &["card.resolution"]),
    ("defocus", &["card.blur", "card.motion_blur"]),
    ("motion", &["card.motion_blur", "card.blur"]),
    ("under_exposed", &["card.under_exposed"]),
    ("over_exposed", &["card.over_exposed"]),
    ("glare", &["card.glare"]),
    ("shadow", &["card.uneven_light"]),
    ("tilt", &["card.tilted"]),
    ("photocopy", &["card.photocopy"]),
    ("screen", &["card.screen"]),
    ("wrong_side", &["card.wrong_side"]),
    ("not_a_card", &["card.none", "card.not_id_card"]),
    ("other_card", &["card.not_id_card", "card.none"]),
    ("face_missing", &["card.face_none"]),
];

/// The same for selfies.
pub const FACE_DEFECTS: &[(&str, &[&str])] = &[
    ("turned", &["face.turned", "face.none"]),
    ("nodded", &["face.turned", "face.none"]),
    ("tilted", &["face.tilted", "face.none"]),
    ("eyes_closed", &["face.eyes_closed"]),
    ("mouth_open", &["face.mouth_open"]),
    ("defocus", &["face.blur"]),
    ("motion", &["face.blur"]),
    ("under_exposed", &["face.under_exposed", "face.none"]),
    ("over_exposed", &["face.over_exposed", "face.none"]),
    ("side_light", &["face.uneven_light"]),
    ("cropped", &["face.cropped", "face.none"]),
    ("small", &["face.small"]),
    ("colour", &["face.colour"]),
    ("mask", &["face.covered", "face.none"]),
    ("sunglasses", &["face.covered", "face.none"]),
    ("hand", &["face.covered", "face.none"]),
    ("hat", &["face.covered", "face.none"]),
];

/// The codes that detect a selfie's defect; `None` for a name that no check is for.
pub fn face_codes_of(defect: &str) -> Option<&'static [&'static str]> {
    FACE_DEFECTS.iter().find(|(name, _)| *name == defect).map(|(_, codes)| *codes)
}

/// The codes that detect a defect; `None` for a name that no check is for.
pub fn codes_of(defect: &str) -> Option<&'static [&'static str]> {
    DEFECTS.iter().find(|(name, _)| *name == defect).map(|(_, codes)| *codes)
}
