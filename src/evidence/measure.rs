//! The list of measures: what each is called, in which unit, and on which photos it is taken.
//!
//! A new measure is a line here, a file that computes it, and a line in the policy's list of
//! checks.

use std::fmt;

use crate::case::SampleKind::{self, Back, Front, Selfie};

macro_rules! measures {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $unit:literal, $kinds:expr;)+) => {
        /// Something measured on a photo. Each is a finite number with a unit; the documentation
        /// of each says how it is taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Measure { $($(#[$doc])* $name,)+ }

        impl Measure {
            /// Every measure, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name used in policies and stored forms.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// The unit of the value; empty for a share or ratio.
            pub fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit,)+ }
            }

            /// The kinds of photo it is taken on.
            pub fn kinds(self) -> &'static [SampleKind] {
                match self { $(Self::$name => &$kinds,)+ }
            }
        }
    };
}

measures! {
    /// The shorter side of the photo, in its own pixels.
    ShortSide = "short_side_px", "px", [Front, Back, Selfie];
    /// Spread (standard deviation) of the sharpest edges, in thousandths of the photo's longer
    /// side: how far a step smears, whether by focus, motion or missing pixels.
    EdgeSpread = "edge_spread_permille", "permille", [Front, Back, Selfie];
    /// Luma, 0 to 255, below which 98 % of the photo lies: the light end of its range.
    LightEnd = "light_end_luma", "", [Front, Back, Selfie];
    /// Share of the photo at the upper end of the range, where detail is burnt out.
    OverExposed = "over_exposed_share", "", [Front, Back, Selfie];
    /// The detector's confidence in the largest face, 0 to 1.
    FaceScore = "face_score", "", [Front, Selfie];
    /// Area of the second largest face over that of the largest; 0 with one face.
    SecondFace = "second_face_area_ratio", "", [Selfie];
    /// Distance between the eye centres, in the photo's own pixels, divided by the cosine of the
    /// yaw so that a turned head does not look smaller.
    InterEyeDistance = "inter_eye_distance_px", "px", [Front, Selfie];
    /// From the eye nearest a border of the photo to that border, in inter-eye distances.
    NearEyeToBorder = "near_eye_to_border_ied", "IED", [Selfie];
    /// Turn of the head to a side, in degrees; positive towards the right side of the picture.
    Yaw = "yaw_deg", "deg", [Selfie];
    /// Nod of the head, in degrees; positive upwards.
    Pitch = "pitch_deg", "deg", [Selfie];
    /// Tilt of the head in the picture plane, in degrees; positive clockwise as seen.
    Roll = "roll_deg", "deg", [Selfie];
    /// Gap between the lids of the less open eye over the distance from eyes to chin
    /// (ISO/IEC 29794-5 eyes open, native value).
    EyesOpen = "eyes_open", "", [Selfie];
    /// Detail left on the face at a fixed face size, relative to its contrast; larger is sharper.
    FaceSharpness = "face_sharpness", "", [Selfie];
    /// Share of the face that is too dark to show more than the camera's noise.
    FaceUnderExposed = "face_under_exposed_share", "", [Selfie];
    /// Share of the face at the top of the range (ISO/IEC 29794-5).
    FaceOverExposed = "face_over_exposed_share", "", [Selfie];
    /// Difference in light between the two cheeks, in stops (powers of two), without sign.
    LeftRightLight = "left_right_light_ev", "EV", [Selfie];
    /// Quality of the frame, 0 to 100: ranks frames, is not gated.
    FrameQuality = "frame_quality", "", [Selfie];
}

impl Measure {
    /// The measure whose [`id`](Self::id) is `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.id() == text)
    }

    /// The measures taken on a kind of photo.
    pub fn of(kind: SampleKind) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |m| m.kinds().contains(&kind))
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
