//! What things are called in a report: measures, reasons, fields, stages. The words of findings are
//! the registry's, in `policy::codes`.

use super::words::{Words, words};
use crate::card::layout::Zone;
use crate::evidence::{Measure, Reason};
use crate::policy::{Language, sample_name};
use crate::report::json::{DecisionDocument, StatusDocument};

use crate::case::SampleRole;

/// A photo by its place in the case.
pub(super) fn photo(role: SampleRole) -> Words {
    Words::of(sample_name(role, Language::Chinese), sample_name(role, Language::English))
}

/// The decision in a word, and in a sentence.
pub(super) fn decision(decision: DecisionDocument) -> (Words, Words) {
    match decision {
        DecisionDocument::Pass => {
            (words("通过", "Pass"), words("所有检查都已完成并符合要求。", "Everything was checked and met."))
        }
        DecisionDocument::Fail => (
            words("未通过", "Fail"),
            words("有检查不符合要求，或无法完成。", "Something was not met, or could not be checked."),
        ),
        DecisionDocument::Review => (
            words("待人工审核", "Review"),
            words("没有不符合要求的检查，但需要人工确认。", "Nothing failed, and a person should look."),
        ),
    }
}

/// What follows for the user.
pub(super) fn status(status: StatusDocument) -> Words {
    match status {
        StatusDocument::Incomplete => words("步骤未完成", "steps still to be done"),
        StatusDocument::Processing => words("处理中", "being processed"),
        StatusDocument::Retake => words("请用户重新拍摄", "ask the user for other photos"),
        StatusDocument::Rejected => words("拒绝", "rejected"),
        StatusDocument::InReview => words("等待审核", "waits for a person"),
        StatusDocument::Verified => words("已认证", "verified"),
    }
}

/// A field of the card.
pub(super) fn zone(zone: Zone) -> Words {
    match zone {
        Zone::Portrait => words("照片", "Portrait"),
        Zone::Name => words("姓名", "Name"),
        Zone::Sex => words("性别", "Sex"),
        Zone::Ethnicity => words("民族", "Ethnicity"),
        Zone::BirthDate => words("出生", "Birth date"),
        Zone::Address => words("住址", "Address"),
        Zone::Number => words("公民身份号码", "ID number"),
        Zone::Emblem => words("国徽", "Emblem"),
        Zone::Title => words("证件名称", "Title"),
        Zone::Authority => words("签发机关", "Issuing authority"),
        Zone::Validity => words("有效期限", "Validity"),
    }
}

/// Why something has no value.
pub(super) fn reason(reason: Reason) -> Words {
    match reason {
        Reason::NoPixels => words("照片无法读取", "the photo could not be read"),
        Reason::NoCard => words("没有找到证件", "no card was found"),
        Reason::OtherPrint => words("不是这一面的版式", "other print than this side's"),
        Reason::NotRead => words("没有读出", "could not be read"),
        Reason::NotClaimed => words("没有填写", "nothing was claimed"),
        Reason::NoDate => words("没有判定日期", "no day to judge on"),
        Reason::NoFace => words("没有找到人脸", "no face was found"),
        Reason::NoReference => words("证件上没有人脸", "no face on the card"),
        Reason::TooLittleToMeasure => words("可测内容太少", "too little to measure"),
        Reason::NoModel => words("模型未安装", "the model is not installed"),
        Reason::NotCalibrated => words("模型未校准", "the model is not calibrated"),
        Reason::NotFinite => words("没有得出数值", "no number came out"),
    }
}

/// A stage of the work, as timings name it.
pub(super) fn stage(id: &str) -> Words {
    match id {
        "decode" => words("解码", "decode"),
        "capture" => words("照片质量", "photo"),
        "locate" => words("定位证件", "locate card"),
        "refine" => words("精修边缘", "refine edges"),
        "side" => words("判断正反面", "side"),
        "rectify" => words("校正", "rectify"),
        "card" => words("证件测量", "measure card"),
        "read" => words("读取字段", "read fields"),
        "detect" => words("检测人脸", "detect faces"),
        "embed" => words("人脸特征", "embed face"),
        "liveness" => words("活体检测", "liveness"),
        "measure" => words("人脸测量", "measure face"),
        other => Words::of(other, other),
    }
}

/// An action of a challenge.
pub(super) fn action(id: &str) -> Words {
    match id {
        "blink" => words("眨眼", "blink"),
        "open_mouth" => words("张嘴", "open the mouth"),
        "turn_left" => words("向左转头", "turn left"),
        "turn_right" => words("向右转头", "turn right"),
        "nod" => words("点头", "nod"),
        other => Words::of(other, other),
    }
}

/// A measure.
#[rustfmt::skip]
pub(super) fn measure(measure: Measure) -> Words {
    match measure {
        Measure::ShortSide => words("短边像素", "Shorter side"),
        Measure::EdgeSpread => words("整体边缘扩散", "Edge spread, whole photo"),
        Measure::LightEnd => words("亮部亮度", "Light end of the range"),
        Measure::OverExposed => words("整体过曝比例", "Burnt out, whole photo"),
        Measure::CardScore => words("证件置信度", "Card found"),
        Measure::SecondCard => words("其他证件面积比", "Second card, area"),
        Measure::IdCardScore => words("居民身份证概率", "Is a resident ID card"),
        Measure::ExpectedSide => words("正反面正确概率", "Shows the right side"),
        Measure::CardMargin => words("距边框最小距离", "Distance to the border"),
        Measure::CardOutside => words("画面外比例", "Share outside the photo"),
        Measure::CardCovered => words("遮挡比例", "Share covered"),
        Measure::CardResolution => words("分辨率", "Resolution"),
        Measure::CardTilt => words("倾斜角", "Tilt"),
        Measure::CardAspect => words("长宽比偏差", "Proportion off by"),
        Measure::FieldBlur => words("字段模糊", "Blur of the worst field"),
        Measure::FieldMotion => words("字段运动模糊", "Motion blur"),
        Measure::CardBackground => words("证件底色亮度", "Brightness of the card"),
        Measure::CardOverExposed => words("证件过曝比例", "Burnt out"),
        Measure::CardGlare => words("证件反光比例", "Glare on the card"),
        Measure::FieldGlare => words("字段反光比例", "Glare on the worst field"),
        Measure::PortraitGlare => words("头像反光比例", "Glare on the portrait"),
        Measure::UnevenLight => words("光照不均", "Uneven light"),
        Measure::CardChroma => words("证件色彩", "Colour of the card"),
        Measure::Screen => words("屏幕条纹", "Screen pattern"),
        Measure::ScreenRipple => words("屏幕彩色波纹", "Screen ripple"),
        Measure::NumberConfidence => words("号码识别置信度", "ID number read"),
        Measure::NumberValid => words("号码符合标准", "ID number is valid"),
        Measure::NumberRepaired => words("号码有一位被修正", "One character put right"),
        Measure::NumberBirthMismatch => words("出生日期与号码不符", "Birth date differs from number"),
        Measure::NumberSexMismatch => words("性别与号码不符", "Sex differs from number"),
        Measure::NumberClaimDifferences => words("与填写号码不同的字符", "Characters unlike the claimed number"),
        Measure::Age => words("年龄", "Age"),
        Measure::NameConfidence => words("姓名识别置信度", "Name read"),
        Measure::NameClaimDifferences => words("与填写姓名不同的字符", "Characters unlike the claimed name"),
        Measure::ValidityConfidence => words("有效期识别置信度", "Validity read"),
        Measure::SinceValidFrom => words("自生效日起天数", "Days since valid"),
        Measure::UntilValidTo => words("距失效日天数", "Days until expiry"),
        Measure::FaceScore => words("人脸置信度", "Face found"),
        Measure::SecondFace => words("第二张人脸面积比", "Second face, area"),
        Measure::InterEyeDistance => words("两眼间距", "Between the eyes"),
        Measure::NearEyeToBorder => words("眼睛到边框距离", "Eye to the border"),
        Measure::Yaw => words("左右转头", "Turn (yaw)"),
        Measure::Pitch => words("上下俯仰", "Nod (pitch)"),
        Measure::Roll => words("平面倾斜", "Tilt (roll)"),
        Measure::EyesOpen => words("眼睑间距", "Gap between the lids"),
        Measure::EyeOpenness => words("睁眼程度", "Eyes look open"),
        Measure::MouthGap => words("嘴唇间距", "Gap between the lips"),
        Measure::FaceOutside => words("人脸画面外比例", "Face outside the photo"),
        Measure::FaceCovered => words("人脸遮挡概率", "Face is covered"),
        Measure::MouthVoid => words("口内暗部高度", "Dark below the upper lip"),
        Measure::FaceWeakestDetail => words("最弱方向细节", "Detail along the weakest direction"),
        Measure::FaceSharpness => words("人脸清晰度", "Sharpness of the face"),
        Measure::FaceUnderExposed => words("人脸欠曝比例", "Face too dark"),
        Measure::FaceOverExposed => words("人脸过曝比例", "Face burnt out"),
        Measure::LeftRightLight => words("左右光照差", "Light, left against right"),
        Measure::IlluminationUniformity => words("光照均匀度", "Illumination uniformity"),
        Measure::LuminanceMean => words("肤色亮度均值", "Luminance, mean"),
        Measure::LuminanceVariance => words("肤色亮度方差", "Luminance, variance"),
        Measure::DynamicRange => words("动态范围", "Dynamic range"),
        Measure::LightColour => words("光线偏色", "Colour of the light"),
        Measure::NaturalColour => words("肤色偏离", "Unnatural colour"),
        Measure::BackgroundGradient => words("背景梯度", "Background"),
        Measure::HeadSize => words("头部大小偏差", "Head size"),
        Measure::Liveness => words("活体得分", "Liveness"),
        Measure::FrameQuality => words("画面质量", "Frame quality"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_measures_share_a_name() {
        for language in [Language::Chinese, Language::English] {
            let names = Measure::ALL.iter().map(|m| measure(*m).in_language(language).to_owned());
            assert_eq!(names.collect::<BTreeSet<_>>().len(), Measure::ALL.len());
        }
    }
}
