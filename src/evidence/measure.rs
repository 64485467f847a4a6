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
    EdgeSpread = "edge_spread_permille", "permille", [Selfie];
    /// Luma, 0 to 255, below which 98 % of the photo lies: the light end of its range.
    LightEnd = "light_end_luma", "", [Selfie];
    /// Share of the photo at the upper end of the range, where detail is burnt out.
    OverExposed = "over_exposed_share", "", [Selfie];
    /// The locator's confidence in the card, 0 to 1.
    CardScore = "card_score", "", [Front, Back];
    /// Area of the second largest card, or of all that is seen of others where that is more, over that
    /// of the card; 0 with one card.
    SecondCard = "second_card_area_ratio", "", [Front, Back];
    /// Probability that the card is a resident ID card, whichever side it shows, 0 to 1.
    IdCardScore = "id_card_score", "", [Front, Back];
    /// Probability that a resident ID card shows the side that belongs on this photo, 0 to 1.
    ExpectedSide = "expected_side_score", "", [Front, Back];
    /// Least distance of the card to the photo's border, in widths of the card; negative where a
    /// corner lies outside.
    CardMargin = "card_margin_share", "", [Front, Back];
    /// Share of the card's area outside the photo.
    CardOutside = "card_outside_share", "", [Front, Back];
    /// Share of the card's face that fingers or other things cover.
    CardCovered = "card_covered_share", "", [Front, Back];
    /// Pixels of the photo to the millimetre of the card, where it has the fewest.
    CardResolution = "card_px_per_mm", "px/mm", [Front, Back];
    /// Angle between the camera's axis and the card's normal, in degrees.
    CardTilt = "card_tilt_deg", "deg", [Front, Back];
    /// How far the card's sides are from the proportion of an ID-1 card, tilt undone: 0.1 is a
    /// tenth too wide or too narrow.
    CardAspect = "card_aspect_deviation", "", [Front, Back];
    /// Spread (standard deviation) of the edges of the least sharp field, whether by focus or by
    /// missing pixels, in pixels at 300 dpi.
    FieldBlur = "field_blur_px", "px", [Front, Back];
    /// What motion adds to the spread along its path, beyond what an even blur does, in pixels at
    /// 300 dpi.
    FieldMotion = "field_motion_px", "px", [Front, Back];
    /// Luma of the card's background, 0 to 255.
    CardBackground = "card_background_luma", "", [Front, Back];
    /// Share of the card at the upper end of the range.
    CardOverExposed = "card_over_exposed_share", "", [Front, Back];
    /// Share of the card under the image of a lamp.
    CardGlare = "card_glare_share", "", [Front, Back];
    /// Share of the field that is hit most under the image of a lamp.
    FieldGlare = "field_glare_share", "", [Front, Back];
    /// Share of the portrait under the image of a lamp.
    PortraitGlare = "portrait_glare_share", "", [Front];
    /// How far the darkest part of the card's background lies below the brightest, over the
    /// brightest, 0 to 1.
    UnevenLight = "uneven_light_ratio", "", [Front, Back];
    /// Colour of the card's most coloured parts, percent of its background's light.
    CardChroma = "card_chroma_percent", "%", [Front, Back];
    /// How far a periodic pattern, such as a screen's pixels make, stands out of the spectrum.
    Screen = "screen_db", "dB", [Front, Back];
    /// By how much red and blue ripple against each other all over the card, as a screen's pixels
    /// and their moire make them, percent of the light.
    ScreenRipple = "screen_ripple_percent", "%", [Front, Back];
    /// Confidence in the least certain character of the number, 0 to 1; 0 where nothing like a
    /// number was read.
    NumberConfidence = "number_confidence", "", [Front];
    /// 1: 18 characters with a real birth date and the right check character, after repair; else 0.
    NumberValid = "number_valid", "", [Front];
    /// 1: one character was put right by the check character or the printed birth date; else 0.
    NumberRepaired = "number_repaired", "", [Front];
    /// How surely the printed birth date is not that of the number, 0 to 1: its confidence where the
    /// two differ; 0: they agree.
    NumberBirthMismatch = "number_birth_mismatch", "", [Front];
    /// How surely the printed sex is not that of the number, 0 to 1: its confidence where the two
    /// differ; 0: they agree.
    NumberSexMismatch = "number_sex_mismatch", "", [Front];
    /// Characters in which the claimed number differs from the card's.
    NumberClaimDifferences = "number_claim_differences", "", [Front];
    /// Completed years of age on the day of the decision, from the birth date in the number.
    Age = "age_years", "a", [Front];
    /// Confidence in the least certain character of the name, 0 to 1.
    NameConfidence = "name_confidence", "", [Front];
    /// Characters in which the claimed name differs from the card's, both normalised.
    NameClaimDifferences = "name_claim_differences", "", [Front];
    /// Confidence in the least certain character of the dates of validity, 0 to 1; 0 where nothing
    /// like them was read.
    ValidityConfidence = "validity_confidence", "", [Back];
    /// Days from the first day of validity to that of the decision; negative: not valid yet.
    SinceValidFrom = "days_since_valid_from", "d", [Back];
    /// Days from that of the decision to the last day of validity; negative: expired. 长期 has a
    /// last day thousands of years away.
    UntilValidTo = "days_until_valid_to", "d", [Back];
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
    /// How open the eyes look between their corners, by a fitted filter: 0.7 for open eyes, -0.8 for
    /// closed ones.
    EyeOpenness = "eye_openness", "", [Selfie];
    /// Gap between the inner lips over the distance from eyes to chin (ISO/IEC 29794-5 mouth closed,
    /// native value).
    MouthGap = "mouth_gap", "", [Selfie];
    /// Height of the dark below the upper lip over the distance from eyes to chin: 0.01 at most for a
    /// smile that shows teeth.
    MouthVoid = "mouth_void", "", [Selfie];
    /// Share of the face's mesh outside the photo.
    FaceOutside = "face_outside_share", "", [Selfie];
    /// Probability that a mask, dark glasses, a hand or a hat covers part of the face, 0 to 1.
    FaceCovered = "face_covered_score", "", [Selfie];
    /// Minus the binary logarithm of the spread of edges on the face, in pixels of a crop with 56.5
    /// between the eyes: 0 for a spread of 1, -1 for 2, -2 for 4; larger is sharper.
    FaceSharpness = "face_sharpness", "", [Selfie];
    /// Detail of 4 pixels against that of 12 (in a crop with 56.5 between the eyes) along the
    /// direction that has least, as a binary logarithm: -1 for a sharp photo, less for a smeared one.
    FaceWeakestDetail = "face_weakest_detail", "", [Selfie];
    /// Share of the face that is too dark to show more than the camera's noise.
    FaceUnderExposed = "face_under_exposed_share", "", [Selfie];
    /// Share of the face at the top of the range (ISO/IEC 29794-5).
    FaceOverExposed = "face_over_exposed_share", "", [Selfie];
    /// Difference in light between the two cheeks, in stops (powers of two), without sign.
    LeftRightLight = "left_right_light_ev", "EV", [Selfie];
    /// Overlap of the histograms of the cheeks' light, 0 to 1 (ISO/IEC 29794-5 illumination
    /// uniformity): reported.
    IlluminationUniformity = "illumination_uniformity", "", [Selfie];
    /// Mean of the skin's linear light, 0 to 1 (ISO/IEC 29794-5): reported, for it follows the tone
    /// of the skin.
    LuminanceMean = "luminance_mean", "", [Selfie];
    /// Variance of the skin's linear light (ISO/IEC 29794-5): reported.
    LuminanceVariance = "luminance_variance", "", [Selfie];
    /// Entropy of the skin's linear light (ISO/IEC 29794-5 dynamic range): reported, for it follows
    /// the tone of the skin.
    DynamicRange = "dynamic_range_bits", "bit", [Selfie];
    /// How far the cheeks' colour lies outside the colours of skin, in units of CIELAB
    /// (ISO/IEC 29794-5 natural colour).
    NaturalColour = "natural_colour_lab", "", [Selfie];
    /// How far the cheeks' colour lies outside the colours that skin has in white light, warm or
    /// cold, in stops.
    LightColour = "light_colour_ev", "EV", [Selfie];
    /// Mean Scharr gradient beside and above the head (ISO/IEC 29794-5 background uniformity):
    /// reported.
    BackgroundGradient = "background_gradient", "", [Selfie];
    /// How far the distance from eyes to chin lies from 0.45 of the photo's height (ISO/IEC 29794-5
    /// head size): reported, for selfies are no document portraits.
    HeadSize = "head_size_deviation", "", [Selfie];
    /// How sure presentation attack detection is that the frame shows a live person, 0 to 1; judged
    /// over the compared frames together.
    Liveness = "liveness_score", "", [Selfie];
    /// Quality of the frame, 0 to 100: ranks frames, is not gated.
    FrameQuality = "frame_quality", "", [Selfie];
}

impl Measure {
    /// The measure whose [`id`](Self::id) is `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.id() == text)
    }

    /// Whether it is reported for people and other systems, and no policy can gate it: what follows
    /// the tone of the skin, what says little about recognition, and what ranks.
    pub fn is_only_reported(self) -> bool {
        use Measure::{
            BackgroundGradient, DynamicRange, FrameQuality, HeadSize, IlluminationUniformity, LuminanceMean,
            LuminanceVariance,
        };
        matches!(
            self,
            IlluminationUniformity
                | LuminanceMean
                | LuminanceVariance
                | DynamicRange
                | BackgroundGradient
                | HeadSize
                | FrameQuality
        )
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
