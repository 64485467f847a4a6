//! What a user was asked to do before the camera, to show that a live person took the frames.

use std::fmt;

/// Actions that one case may ask for; more are refused when the case is read.
pub const CHALLENGE_MAX: usize = 8;

/// One thing to do. Left and right are the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChallengeAction {
    /// Close both eyes for a moment.
    Blink,
    /// Open the mouth.
    OpenMouth,
    /// Turn the head to the left.
    TurnLeft,
    /// Turn the head to the right.
    TurnRight,
    /// Lower or raise the head.
    Nod,
}

impl ChallengeAction {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Blink, Self::OpenMouth, Self::TurnLeft, Self::TurnRight, Self::Nod];

    /// The name used in case files and verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Blink => "blink",
            Self::OpenMouth => "open_mouth",
            Self::TurnLeft => "turn_left",
            Self::TurnRight => "turn_right",
            Self::Nod => "nod",
        }
    }

    /// The action whose [`id`](Self::id) is `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.id() == text)
    }
}

impl fmt::Display for ChallengeAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
