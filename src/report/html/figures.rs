//! Photos, faces and cards as figures: the picture, what was seen over it, switches and covers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::names;
use super::overlay::{Overlay, drawing};
use super::pictures::{CardPicture, Picture};
use super::view::PhotoView;
use super::words::{Words, words};
use crate::case::SampleKind;
use crate::geometry::Quad;

/// Every photo of which there is a picture.
pub(super) fn photos(photos: &[PhotoView]) -> Markup {
    html! {
        @for (class, is_selfie) in [("photos cards", false), ("photos selfies", true)] {
            div class=(class) {
                @for photo in photos.iter().filter(|p| (p.role.kind() == SampleKind::Selfie) == is_selfie) {
                    @if let Some(picture) = &photo.picture {
                        @let note = picture.is_mosaic.then(mosaic_note);
                        (figure(&names::photo(photo.role), &photo.role.to_string(), &picture.photo,
                            &picture.overlays, Covers::Parts(&picture.covers), note))
                    }
                }
            }
        }
    }
}

/// The upright card.
pub(super) fn card(photo: &PhotoView, card: &CardPicture) -> Markup {
    let name = names::photo(photo.role);
    let upright = Words::of(format!("{}（校正后）", name.zh_cn), format!("{}, upright", name.en));
    figure(
        &upright,
        &format!("{}-upright", photo.role),
        &card.picture,
        &card.overlays,
        Covers::Parts(&card.covers),
        None,
    )
}

/// A face under a cover.
pub(super) fn face(caption: &Words, id: &str, picture: &Picture) -> Markup {
    figure(caption, &format!("{id}-face"), picture, &[], Covers::Whole, None)
}

/// What of a picture is covered until it is clicked.
#[derive(Debug, Clone, Copy)]
enum Covers<'a> {
    /// These places; all of it is seen where there are none.
    Parts(&'a [Quad]),
    /// All of it.
    Whole,
}

fn mosaic_note() -> Words {
    words(
        "未能确定证件文字的位置，照片已马赛克处理。",
        "Where the print is was not sure: the photo is a mosaic.",
    )
}

fn figure(
    caption: &Words,
    id: &str,
    picture: &Picture,
    overlays: &[Overlay],
    covers: Covers<'_>,
    note: Option<Words>,
) -> Markup {
    let label = format!("caption-{id}");
    let (cover, parts): (Option<&str>, &[Quad]) = match covers {
        Covers::Parts([]) => (None, &[]),
        Covers::Parts(parts) => (Some("parts"), parts),
        Covers::Whole => (Some("whole"), &[]),
    };
    html! {
        figure class="picture" data-cover=[cover] {
            div class="frame" {
                img width=(picture.width_px) height=(picture.height_px) aria-labelledby=(label) alt=(caption.en)
                    src={ "data:image/jpeg;base64," (STANDARD.encode(&picture.jpeg)) };
                (drawing(picture.width_px, picture.height_px, overlays, parts))
            }
            figcaption {
                span id=(label) class="title" { (caption) }
                @if let Some(note) = note { span class="soft small" { (note) } }
                div class="tools" {
                    @if cover.is_some() {
                        button type="button" data-uncover aria-pressed="false" {
                            (words("显示遮盖部分", "Uncover"))
                            span class="unseen" { ": " (caption) }
                        }
                    }
                    @for overlay in overlays {
                        button type="button" data-overlay=(overlay.id())
                            aria-pressed=(if overlay.is_on_at_first() { "true" } else { "false" }) {
                            (overlay.name())
                            span class="unseen" { ": " (caption) }
                        }
                    }
                }
            }
        }
    }
}
