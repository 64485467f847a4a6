//! The registry of codes: every finding that a verdict can hold, with whose fault it is, what to
//! tell the user and what other systems call it.
//!
//! A code is stable: it may be added, never renamed or given another meaning. Messages say in
//! plain words what to do and never give a score. Says nothing of when a code applies: `checks`
//! and `decide` do.

use std::fmt;

use crate::case::SampleRole;

/// Who has to do something about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The photo was taken or sent badly; another photo mends it.
    Capture,
    /// The document is not acceptable.
    Document,
    /// The person is not who the document says.
    Identity,
    /// What stood before the camera was not the person or the document itself.
    Presentation,
    /// This program could not make sure; another photo may help, a person can decide.
    System,
}

impl Fault {
    /// The name used in verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Document => "document",
            Self::Identity => "identity",
            Self::Presentation => "presentation",
            Self::System => "system",
        }
    }

    /// Whether another photo may mend it: then a failed case is asked for again, not rejected.
    pub fn mended_by_another_photo(self) -> bool {
        match self {
            Self::Capture | Self::System => true,
            Self::Document | Self::Identity | Self::Presentation => false,
        }
    }
}

/// A language in which users are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese, `zh-CN`.
    Chinese,
    /// English, `en`.
    English,
}

/// What another system calls the same thing, as its public documentation has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere {
    /// The system.
    pub system: &'static str,
    /// Its code or label.
    pub code: &'static str,
}

/// Tencent Cloud IDCardOCR: warning codes and fields.
const TENCENT: &str = "tencent";
/// Onfido document report: image quality and breakdown names.
const ONFIDO: &str = "onfido";
/// Jumio usability and Netverify: decision detail labels and reject reasons.
const JUMIO: &str = "jumio";
/// Baidu ID card recognition: field and value.
const BAIDU: &str = "baidu";

/// A line of the registry.
#[derive(Debug)]
pub struct CodeEntry {
    /// The code as written in verdicts.
    pub id: &'static str,
    /// Whose fault it is.
    pub fault: Fault,
    /// What to tell the user in simplified Chinese; `{detail}` stands for the particulars.
    pub zh_cn: &'static str,
    /// What to tell the user in English; `{detail}` stands for the particulars.
    pub en: &'static str,
    /// What other systems call it.
    pub elsewhere: &'static [Elsewhere],
}

macro_rules! codes {
    ($($name:ident = $id:literal, $fault:ident, $zh_cn:literal, $en:literal, [$($system:ident $code:literal),*];)+) => {
        /// A stable code. Orders as the registry does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $en] $name,)+ }

        impl Code {
            /// Every code, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code's line in the registry.
            pub fn entry(self) -> &'static CodeEntry {
                match self {
                    $(Self::$name => &CodeEntry {
                        id: $id,
                        fault: Fault::$fault,
                        zh_cn: $zh_cn,
                        en: $en,
                        elsewhere: &[$(Elsewhere { system: $system, code: $code }),*],
                    },)+
                }
            }
        }
    };
}

codes! {
    PhotoMissing = "photo.missing", Capture,
        "缺少这张照片，请拍摄并上传。",
        "This photo is missing. Please take and send it.",
        [JUMIO "NOT_UPLOADED", JUMIO "MISSING_PAGE"];
    PhotoNotAnImage = "photo.not_an_image", Capture,
        "上传的文件不是照片，请重新拍摄并上传。",
        "The file is not a photo. Please take the photo again and send it.",
        [];
    PhotoFormatUnsupported = "photo.format_unsupported", Capture,
        "不支持 {detail} 格式，请上传 JPEG 或 PNG 格式的照片。",
        "The format {detail} cannot be read. Please send the photo as JPEG or PNG.",
        [];
    PhotoTooLarge = "photo.too_large", Capture,
        "照片太大，请用较低的分辨率重新拍摄或压缩后再上传。",
        "The photo is too large. Please take it at a lower resolution or make the file smaller.",
        [];
    PhotoTruncated = "photo.truncated", Capture,
        "照片没有上传完整，请检查网络后重新上传。",
        "The photo did not arrive whole. Please check your connection and send it again.",
        [];
    PhotoCorrupt = "photo.corrupt", Capture,
        "照片文件已损坏，请重新拍摄并上传。",
        "The photo file is damaged. Please take the photo again and send it.",
        [];
    CardNone = "card.none", Capture,
        "没有看到身份证，请把身份证放在画面中央，在光线充足处完整拍摄。",
        "No card can be seen. Put the card in the middle of the picture, in good light, and photograph all of it.",
        [BAIDU "image_status=non_idcard"];
    CardMany = "card.many", Capture,
        "画面中有多张证件，请只拍摄这一张身份证。",
        "There is more than one card. Photograph this card alone.",
        [];
    CardNotIdCard = "card.not_id_card", Document,
        "照片中的证件不是居民身份证，请使用本人的居民身份证。",
        "This is not a resident identity card. Please use your own resident identity card.",
        [BAIDU "image_status=other_type_card"];
    CardWrongSide = "card.wrong_side", Capture,
        "拍摄的不是这一面，请翻转身份证后重新拍摄。",
        "This is the other side of the card. Turn the card over and take the photo again.",
        [TENCENT "66661006", TENCENT "66661007", ONFIDO "incorrect_side", BAIDU "image_status=reversed_side"];
    CardTwoFronts = "card.two_fronts", Capture,
        "两张照片都是人像面，请重新拍摄印有国徽的一面。",
        "Both photos show the side with the portrait. Please photograph the side with the national emblem, too.",
        [ONFIDO "incorrect_side", BAIDU "image_status=reversed_side"];
    CardTwoBacks = "card.two_backs", Capture,
        "两张照片都是国徽面，请重新拍摄印有人像的一面。",
        "Both photos show the side with the national emblem. Please photograph the side with the portrait, too.",
        [ONFIDO "incorrect_side", BAIDU "image_status=reversed_side"];
    CardSidesSwapped = "card.sides_swapped", Capture,
        "身份证的人像面和国徽面放反了，请按提示分别上传。",
        "The two sides of the card are swapped. Please send each side in its own place.",
        [];
    CardCutOff = "card.cut_off", Capture,
        "身份证没有拍完整，请后退一些，让四个角和四条边都在画面内。",
        "Part of the card is outside the picture. Move back until all four corners and edges are inside.",
        [TENCENT "-9101", ONFIDO "cut_off_document"];
    CardCovered = "card.covered", Capture,
        "身份证被手指或其他物品遮挡，请移开后重新拍摄。",
        "Fingers or something else cover part of the card. Move them away and take the photo again.",
        [TENCENT "-9105", ONFIDO "covered_photo"];
    CardResolution = "card.resolution", Capture,
        "照片中的身份证太小，请靠近一些，并上传相机拍摄的原图。",
        "The card is too small in the photo. Move closer and send the original from the camera.",
        [JUMIO "BAD_QUALITY_IMAGE"];
    CardTilted = "card.tilted", Capture,
        "拍摄角度太斜，请让手机与身份证平行，从正上方拍摄。",
        "The card is seen at too steep an angle. Hold the phone level above the card.",
        [];
    CardBlur = "card.blur", Capture,
        "照片模糊，请擦净镜头，拿稳手机，对焦清楚后再拍。",
        "The photo is blurred. Wipe the lens, hold the phone still and wait until it is in focus.",
        [TENCENT "Quality < 50", ONFIDO "blurred_photo", JUMIO "2xx", JUMIO "BLURRED", BAIDU "image_status=blurred"];
    CardMotionBlur = "card.motion_blur", Capture,
        "拍摄时手机晃动，照片模糊，请把身份证放平，拿稳手机后再拍。",
        "The phone moved and the photo is blurred. Lay the card down and hold the phone still.",
        [ONFIDO "blurred_photo", JUMIO "BLURRED", BAIDU "image_status=blurred"];
    CardUnderExposed = "card.under_exposed", Capture,
        "照片太暗，请到光线充足的地方重新拍摄。",
        "The photo is too dark. Please take it again in a brighter place.",
        [JUMIO "BAD_QUALITY_IMAGE", BAIDU "image_status=over_dark"];
    CardOverExposed = "card.over_exposed", Capture,
        "照片太亮，请关闭闪光灯，避开强光后重新拍摄。",
        "The photo is too bright. Turn off the flash, keep out of strong light and take it again.",
        [JUMIO "BAD_QUALITY_IMAGE", BAIDU "image_status=over_exposure"];
    CardGlare = "card.glare", Capture,
        "身份证反光，请关闭闪光灯，换个角度，避开灯光后重新拍摄。",
        "Light is mirrored in the card. Turn off the flash and change the angle so that no lamp is mirrored in it.",
        [TENCENT "-9107", ONFIDO "glare", JUMIO "2xx"];
    CardUnevenLight = "card.uneven_light", Capture,
        "身份证上有阴影，光线不均匀，请避开阴影后重新拍摄。",
        "A shadow falls on the card or the light on it is uneven. Move out of the shadow and take it again.",
        [];
    CardPhotocopy = "card.photocopy", Presentation,
        "请拍摄身份证原件，不要使用复印件或黑白照片。",
        "Please photograph the card itself, not a photocopy or a black-and-white picture.",
        [TENCENT "-9102", TENCENT "-9108", ONFIDO "document_on_printed_paper", JUMIO "102", JUMIO "103", BAIDU "risk_type"];
    CardScreen = "card.screen", Presentation,
        "请直接拍摄身份证原件，不要翻拍屏幕。",
        "Please photograph the card itself, not a screen that shows it.",
        [TENCENT "-9103", ONFIDO "photo_of_screen", BAIDU "risk_type"];
    CardFaceNone = "card.face_none", Capture,
        "看不到身份证上的头像，请完整拍摄印有头像的一面，不要遮挡。",
        "The portrait on the card cannot be seen. Photograph the whole side with the portrait, with nothing covering it.",
        [];
    CardFaceSmall = "card.face_small", Capture,
        "身份证上的头像太小，请靠近一些，让身份证占满画面。",
        "The portrait on the card is too small. Move closer so that the card fills the picture.",
        [];
    NumberUnreadable = "document.number_unreadable", System,
        "无法看清身份证号码，请在光线均匀处靠近一些重新拍摄。",
        "The number on the card cannot be read. Please take the photo again, closer and in even light.",
        [];
    NumberInvalid = "document.number_invalid", Document,
        "身份证号码不符合国家标准，请使用有效的居民身份证。",
        "The number on the card is not a valid citizen identity number. Please use a valid resident identity card.",
        [TENCENT "66661008"];
    NumberBirthMismatch = "document.number_birth_mismatch", Document,
        "身份证号码与证件上的出生日期或性别不一致，请使用有效的居民身份证。",
        "The number on the card does not agree with the printed birth date or sex. Please use a valid resident identity card.",
        [ONFIDO "data_consistency"];
    NameUnreadable = "document.name_unreadable", System,
        "无法看清身份证上的姓名，请在光线均匀处靠近一些重新拍摄。",
        "The name on the card cannot be read. Please take the photo again, closer and in even light.",
        [];
    ValidityUnreadable = "document.validity_unreadable", System,
        "无法看清身份证的有效期限，请在光线均匀处靠近一些重新拍摄。",
        "The dates of validity on the card cannot be read. Please take the photo again, closer and in even light.",
        [];
    Expired = "document.expired", Document,
        "身份证已过期，请使用有效期内的身份证。",
        "The card has expired. Please use one that is valid.",
        [TENCENT "-9100", ONFIDO "document_expired"];
    NotYetValid = "document.not_yet_valid", Document,
        "身份证尚未到有效期的起始日期，请使用有效期内的身份证。",
        "The card is not valid yet. Please use one that is valid.",
        [TENCENT "-9100"];
    UnderAge = "document.under_age", Document,
        "未达到办理此项业务的年龄要求。",
        "You are not yet old enough for this service.",
        [];
    ClaimNumberMismatch = "claim.number_mismatch", Identity,
        "填写的身份证号码与证件不一致，请核对后重新填写，并使用本人的身份证。",
        "The number you gave is not that on the card. Please check it, and use your own card.",
        [];
    ClaimNameMismatch = "claim.name_mismatch", Identity,
        "填写的姓名与证件不一致，请核对后重新填写，并使用本人的身份证。",
        "The name you gave is not that on the card. Please check it, and use your own card.",
        [];
    FaceNone = "face.none", Capture,
        "看不到人脸，请正对镜头，露出整张脸。",
        "No face can be seen. Look into the camera and show your whole face.",
        [];
    FaceMany = "face.many", Capture,
        "画面中有多张人脸，请确保只有本人入镜。",
        "There is more than one face. Make sure that only you are in the picture.",
        [];
    FaceSmall = "face.small", Capture,
        "人脸太小，请把手机拿近一些。",
        "Your face is too small. Hold the phone closer.",
        [];
    FaceCropped = "face.cropped", Capture,
        "人脸太靠近画面边缘，请把脸放在画面中央。",
        "Your face is too close to the edge. Keep it in the middle of the picture.",
        [];
    FaceTurned = "face.turned", Capture,
        "请正对镜头，不要侧脸、抬头或低头。",
        "Look straight into the camera, without turning, raising or lowering your head.",
        [];
    FaceTilted = "face.tilted", Capture,
        "请把头摆正，不要歪头，并竖直拿好手机。",
        "Hold your head and the phone upright.",
        [];
    FaceEyesClosed = "face.eyes_closed", Capture,
        "请睁开双眼，不要遮挡眼睛。",
        "Open both eyes and let nothing cover them.",
        [];
    FaceMouthOpen = "face.mouth_open", Capture,
        "请闭上嘴，保持自然表情。",
        "Close your mouth and keep a relaxed face.",
        [];
    FaceCovered = "face.covered", Capture,
        "脸部被遮挡，请摘下口罩、墨镜和帽子，不要用手遮脸。",
        "Part of your face is covered. Take off mask, dark glasses and hat, and keep your hands away from your face.",
        [];
    FaceBlur = "face.blur", Capture,
        "自拍照模糊，请擦净镜头，拿稳手机后再拍。",
        "The selfie is blurred. Wipe the lens and hold the phone still.",
        [];
    FaceUnderExposed = "face.under_exposed", Capture,
        "光线太暗，请到明亮的地方，让光照在脸上。",
        "It is too dark. Go to a bright place and let the light fall on your face.",
        [];
    FaceOverExposed = "face.over_exposed", Capture,
        "光线太强，请避开直射的强光后再拍。",
        "It is too bright. Keep out of direct strong light.",
        [];
    FaceUnevenLight = "face.uneven_light", Capture,
        "脸部光线不均匀，请面向光源，不要让光从一侧照来。",
        "The light on your face is uneven. Face the light so that it does not come from one side.",
        [];
    FaceColour = "face.colour", Capture,
        "脸部颜色不自然，请关闭滤镜，避开彩色灯光后再拍。",
        "The colours of your face are not natural. Turn off filters and keep out of coloured light.",
        [];
    FaceResolution = "face.resolution", Capture,
        "照片尺寸太小，请上传相机拍摄的原图，不要上传截图或缩略图。",
        "The photo is too small. Please send the original from the camera, not a screenshot or thumbnail.",
        [];
    FramesDifferentPeople = "frames.different_people", Identity,
        "几张自拍照不是同一个人，请全程由本人自拍。",
        "The selfies do not all show the same person. Take all of them yourself.",
        [];
    FramesDuplicated = "frames.duplicated", Capture,
        "收到了重复的自拍照，请按提示现场连续拍摄，不要重复上传同一张照片。",
        "The same picture was sent more than once. Please take every selfie anew, one after the other.",
        [];
    FramesWithoutMotion = "frames.without_motion", Presentation,
        "自拍照中的脸没有任何动作，请由本人现场拍摄，不要翻拍照片。",
        "Nothing moves in your face from one selfie to the next. Take the selfies live, not from a picture.",
        [];
    ChallengeBlink = "challenge.blink", Capture,
        "没有看到眨眼，请按提示眨眼。",
        "You were not seen to blink. Follow the instructions and blink.",
        [];
    ChallengeOpenMouth = "challenge.open_mouth", Capture,
        "没有看到张嘴，请按提示张嘴。",
        "You were not seen to open your mouth. Follow the instructions and open it.",
        [];
    ChallengeTurnLeft = "challenge.turn_left", Capture,
        "没有看到向左转头，请按提示向左转头。",
        "You were not seen to turn your head to the left. Follow the instructions and turn it.",
        [];
    ChallengeTurnRight = "challenge.turn_right", Capture,
        "没有看到向右转头，请按提示向右转头。",
        "You were not seen to turn your head to the right. Follow the instructions and turn it.",
        [];
    ChallengeNod = "challenge.nod", Capture,
        "没有看到点头，请按提示点头。",
        "You were not seen to nod. Follow the instructions and nod.",
        [];
    MatchBelowThreshold = "match.below_threshold", Identity,
        "无法确认自拍照与身份证头像是同一个人，请使用本人的身份证，并由本人自拍。",
        "The selfie could not be matched with the portrait on the card. Use your own card and take the selfie yourself.",
        [];
    MatchUncertain = "match.uncertain", Identity,
        "暂时无法确认是否为本人，正在转人工审核，请耐心等待。",
        "We could not yet confirm that it is you. A person will look at it; please wait.",
        [];
    MatchNotAssessed = "match.not_assessed", System,
        "无法完成人脸比对，请重新拍摄身份证和自拍照。",
        "The faces could not be compared. Please take the photos of the card and of yourself again.",
        [];
    LivenessAttack = "liveness.attack", Presentation,
        "自拍照疑似翻拍的照片或屏幕画面，请由本人面对镜头现场拍摄。",
        "The selfie looks like a picture of a picture or of a screen. Please take it yourself, in front of the camera.",
        [];
    LivenessUncertain = "liveness.uncertain", System,
        "暂时无法确认是否为真人现场拍摄，正在转人工审核，请耐心等待。",
        "We could not yet confirm that the selfie was taken live. A person will look at it; please wait.",
        [];
    LivenessNotAssessed = "liveness.not_assessed", System,
        "尚未完成真人检测，正在转人工审核，请耐心等待。",
        "Whether the selfie was taken live has not been checked. A person will look at it; please wait.",
        [];
    CheckNotAssessed = "check.not_assessed", System,
        "这张照片无法完成检查，请重新拍摄。",
        "This photo could not be checked. Please take it again.",
        [];
}

impl Code {
    /// The code as written in verdicts.
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// Whose fault it is.
    pub fn fault(self) -> Fault {
        self.entry().fault
    }

    /// The code whose [`id`](Self::id) is `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id() == text)
    }

    /// What to tell the user, headed by the photo it is about.
    pub fn message(self, language: Language, sample: Option<SampleRole>, detail: Option<&str>) -> String {
        let entry = self.entry();
        let (template, no_detail, colon) = match language {
            Language::Chinese => (entry.zh_cn, "此", "："),
            Language::English => (entry.en, "of the file", ": "),
        };
        let text = template.replace("{detail}", detail.unwrap_or(no_detail));
        match sample {
            Some(role) => format!("{}{colon}{text}", sample_name(role, language)),
            None => text,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// What a user calls a photo of the case.
pub fn sample_name(role: SampleRole, language: Language) -> String {
    match (language, role) {
        (Language::Chinese, SampleRole::Front) => "身份证人像面".to_owned(),
        (Language::Chinese, SampleRole::Back) => "身份证国徽面".to_owned(),
        (Language::Chinese, SampleRole::Selfie(n)) => format!("自拍照 {n}"),
        (Language::English, SampleRole::Front) => "Card front".to_owned(),
        (Language::English, SampleRole::Back) => "Card back".to_owned(),
        (Language::English, SampleRole::Selfie(n)) => format!("Selfie {n}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_well_formed_and_found_by_their_name() {
        let ids: BTreeSet<_> = Code::ALL.iter().map(|c| c.id()).collect();
        assert_eq!(ids.len(), Code::ALL.len());
        for &code in Code::ALL {
            let (area, what) = code.id().split_once('.').expect("area.what");
            let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(plain(area) && plain(what), "{code}");
            assert_eq!(Code::parse(code.id()), Some(code));
        }
        assert!(Code::ALL.is_sorted());
    }

    #[test]
    fn every_message_says_something_in_both_languages_and_holds_no_number() {
        for &code in Code::ALL {
            let zh = code.message(Language::Chinese, None, Some("HEIC"));
            let en = code.message(Language::English, None, Some("HEIC"));
            assert!(zh.ends_with('。') && en.ends_with('.'), "{code}");
            for text in [zh, en] {
                assert!(!text.contains('{') && !text.bytes().any(|b| b.is_ascii_digit()), "{text}");
            }
        }
    }

    #[test]
    fn a_message_names_the_photo_and_the_format() {
        let code = Code::PhotoFormatUnsupported;
        let front = Some(SampleRole::Front);
        assert_eq!(
            code.message(Language::English, front, Some("HEIC")),
            "Card front: The format HEIC cannot be read. Please send the photo as JPEG or PNG."
        );
        assert_eq!(
            code.message(Language::Chinese, Some(SampleRole::Selfie(2)), Some("GIF")),
            "自拍照 2：不支持 GIF 格式，请上传 JPEG 或 PNG 格式的照片。"
        );
        assert!(code.message(Language::English, front, None).contains("The format of the file cannot"));
    }
}
