//! What decisions, statuses and acts are called on the pages of a desk.

use crate::policy::{Decision, VerificationStatus};
use crate::report::html::{Words, words};
use crate::review::audit::Act;

pub(super) fn decision_words(decision: Option<Decision>) -> Words {
    match decision {
        Some(Decision::Pass) => words("通过", "Pass"),
        Some(Decision::Fail) => words("未通过", "Fail"),
        Some(Decision::Review) => words("待审核", "Review"),
        None => words("未判定", "Not decided"),
    }
}

pub(super) fn status_words(status: VerificationStatus) -> Words {
    match status {
        VerificationStatus::Incomplete => words("步骤未完成", "Incomplete"),
        VerificationStatus::Processing => words("处理中", "Processing"),
        VerificationStatus::Retake => words("请重拍", "Retake"),
        VerificationStatus::Rejected => words("已拒绝", "Rejected"),
        VerificationStatus::InReview => words("等待审核", "In review"),
        VerificationStatus::Verified => words("已认证", "Verified"),
    }
}

pub(super) fn act_words(act: Act) -> Words {
    match act {
        Act::Approve => words("批准", "Approved"),
        Act::Reject => words("拒绝", "Rejected"),
        Act::Retake => words("要求重拍", "Asked for a retake"),
        Act::Look => words("查看照片", "Looked at the photos"),
        Act::Unmask => words("查看个人信息", "Looked at personal data"),
        Act::Rerun => words("重新测量", "Measured again"),
        Act::NewCase => words("新建案例", "Made a case"),
        Act::SavePolicy => words("保存策略", "Saved a policy"),
        Act::Refused => words("未生效", "Refused, did not take effect"),
    }
}
