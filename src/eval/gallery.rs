//! The worst failures of a labelled set as one self-contained HTML page.

use std::fmt::Write as _;

/// One photo of the gallery.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// What went wrong, the worst kind first.
    pub title: String,
    /// The photo's file name.
    pub file: String,
    /// A PNG of the photo with the found and the true corners drawn in.
    pub png: Vec<u8>,
}

/// The page. Nothing in it refers to another file or host; names are escaped.
pub fn gallery(set: &str, exhibits: &[Exhibit]) -> String {
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:15px system-ui;margin:1rem}}main{{display:grid;gap:1rem;\
         grid-template-columns:repeat(auto-fill,minmax(22rem,1fr))}}figure{{margin:0}}\
         img{{width:100%;height:auto}}</style><h1>{0}</h1>\
         <p>Green: the corners found. Red: the corners as labelled.</p><main>",
        escaped(set)
    );
    for exhibit in exhibits {
        write!(
            out,
            "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption>{2}: {0}</figcaption></figure>",
            escaped(&exhibit.file),
            base64(&exhibit.png),
            escaped(&exhibit.title)
        )
        .expect("writing to a String");
    }
    out.push_str("</main></html>\n");
    out
}

pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
        out
    })
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (i, b)| word | u32::from(*b) << (16 - 8 * i));
        for place in 0..4 {
            let index = (word >> (18 - 6 * place)) & 63;
            out.push(if place > chunk.len() { '=' } else { ALPHABET[index as usize] as char });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let rows = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in rows {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let exhibit = Exhibit { title: "lost".to_owned(), file: "\"><script>.jpg".to_owned(), png: vec![1] };
        let page = gallery("a <set>", &[exhibit]);
        assert!(!page.contains("<script>") && page.contains("a &lt;set&gt;"));
    }
}
