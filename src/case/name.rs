//! Names as people type them and as cards print them: one form to compare them in, and how far two
//! are apart.

use unicode_normalization::UnicodeNormalization;

use super::id_number::is_invisible;

/// The dot that all others become: U+00B7, which GB/T 28039 and the public security organs use
/// between the parts of a name.
const DOT: char = '·';

/// Passes over a name until it stays as it is; see `normalised_name`.
const NORMALISING_PASSES_MAX: usize = 8;

/// Family names in traditional or old print form and the form of the General Standard Chinese
/// Characters (通用规范汉字表, 2013, appendix 1), each pair one to one. Characters that the standard
/// keeps apart in names (鍾 and 钟, 喆 and 哲, 閆 and 阎, 於 and 于) are not here: they are different
/// names.
const STANDARD_FORMS: [(char, char); 64] = [
    ('張', '张'),
    ('劉', '刘'),
    ('陳', '陈'),
    ('楊', '杨'),
    ('黃', '黄'),
    ('趙', '赵'),
    ('吳', '吴'),
    ('孫', '孙'),
    ('馬', '马'),
    ('羅', '罗'),
    ('鄭', '郑'),
    ('謝', '谢'),
    ('韓', '韩'),
    ('馮', '冯'),
    ('許', '许'),
    ('鄧', '邓'),
    ('蕭', '萧'),
    ('蔣', '蒋'),
    ('葉', '叶'),
    ('盧', '卢'),
    ('蘇', '苏'),
    ('呂', '吕'),
    ('賈', '贾'),
    ('譚', '谭'),
    ('鄒', '邹'),
    ('閻', '阎'),
    ('陸', '陆'),
    ('龍', '龙'),
    ('萬', '万'),
    ('錢', '钱'),
    ('湯', '汤'),
    ('顧', '顾'),
    ('賴', '赖'),
    ('龔', '龚'),
    ('嚴', '严'),
    ('聶', '聂'),
    ('齊', '齐'),
    ('魯', '鲁'),
    ('龐', '庞'),
    ('歐', '欧'),
    ('陽', '阳'),
    ('藍', '蓝'),
    ('畢', '毕'),
    ('賀', '贺'),
    ('項', '项'),
    ('喬', '乔'),
    ('莊', '庄'),
    ('饒', '饶'),
    ('簡', '简'),
    ('溫', '温'),
    ('寧', '宁'),
    ('連', '连'),
    ('衛', '卫'),
    ('閔', '闵'),
    ('駱', '骆'),
    ('單', '单'),
    ('紀', '纪'),
    ('關', '关'),
    ('時', '时'),
    ('婁', '娄'),
    ('鮑', '鲍'),
    ('鞏', '巩'),
    ('諸', '诸'),
    ('東', '东'),
];

/// The form in which names are compared: full-width and compatibility characters made plain (NFKC),
/// white space and invisible characters dropped, every kind of middle dot made one, Latin letters
/// in lower case, common family names in their standard form. Normalised once more, a name stays as
/// it is.
///
/// ```
/// use realname::case::normalised_name;
///
/// assert_eq!(normalised_name("阿卜杜拉 • 买买提"), "阿卜杜拉·买买提");
/// ```
pub fn normalised_name(text: &str) -> String {
    // One step makes room for another: a letter in lower case may have a composed form with the
    // accent behind it that its capital lacks (H and ẖ), a dropped space bring two together. The
    // third pass changes nothing any more; the bound is for what Unicode may yet add.
    let mut name = normalised_once(text);
    for _ in 0..NORMALISING_PASSES_MAX {
        let again = normalised_once(&name);
        if again == name {
            break;
        }
        name = again;
    }
    name
}

fn normalised_once(text: &str) -> String {
    let standard = |c: char| STANDARD_FORMS.iter().find(|(old, _)| *old == c).map_or(c, |(_, new)| *new);
    // Dots first: NFKC makes some of them a space with an accent.
    let dotted = text.chars().map(|c| if is_dot(c) { DOT } else { c });
    let kept = |c: &char| !c.is_whitespace() && !is_invisible(*c);
    let plain = dotted.nfkc().filter(kept).map(|c| if is_dot(c) { DOT } else { c });
    plain.flat_map(char::to_lowercase).map(standard).collect()
}

/// Characters in which two names differ after normalisation: those to be replaced, added or left
/// out to make one of the other. 0 for the same name.
pub fn name_differences(a: &str, b: &str) -> usize {
    differences(&normalised_name(a), &normalised_name(b))
}

/// The first character, the others as `*`: `张**`. A single character is hidden too.
pub fn masked_name(text: &str) -> String {
    let length = text.chars().count();
    let shown = |i: usize| i == 0 && length > 1;
    text.chars().enumerate().map(|(i, c)| if shown(i) { c } else { '*' }).collect()
}

/// The Levenshtein distance: the fewest characters to be replaced, added or left out.
pub fn differences(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    // The distances from what was seen of `a` to each beginning of `b`.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Middle dots, bullets, dot operators, katakana dots and the full stops typed in their place.
fn is_dot(c: char) -> bool {
    matches!(
        c,
        '.' | '\u{B7}'
            | '\u{2D9}'
            | '\u{387}'
            | '\u{1427}'
            | '\u{2022}'
            | '\u{2024}'
            | '\u{2027}'
            | '\u{2219}'
            | '\u{22C5}'
            | '\u{25CF}'
            | '\u{25E6}'
            | '\u{2E31}'
            | '\u{2E33}'
            | '\u{3002}'
            | '\u{30FB}'
            | '\u{FF0E}'
            | '\u{FF61}'
            | '\u{FF65}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_name_in_many_spellings_is_one_name() {
        for (typed, printed) in [
            ("张样本", "张样本"),
            (" 张 样\u{3000}本\u{200B}", "张样本"),
            ("張样本", "张样本"),
            ("歐陽样", "欧阳样"),
            ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
            ("阿卜杜拉.买买提", "阿卜杜拉・买买提"),
            ("阿卜杜拉˙买买提", "阿卜杜拉‧买买提"),
            ("ＳＰＥＣＩＭＥＮ", "Specimen"),
            ("凌\u{F9D1}", "凌六"),
            ("\u{2F38}", "弓"),
        ] {
            assert_eq!(name_differences(typed, printed), 0, "{typed} {printed}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (a, b, expected) in [
            ("王喆", "王哲", 1),
            ("钟样", "鍾样", 1),
            ("张样本", "张样", 1),
            ("张样本", "李示例", 3),
            ("", "张样本", 3),
            ("张三·李四", "张三李四", 1),
        ] {
            assert_eq!(name_differences(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn the_table_leads_from_one_form_to_one_other() {
        for (i, (old, new)) in STANDARD_FORMS.iter().enumerate() {
            assert!(STANDARD_FORMS[..i].iter().all(|(o, n)| o != old && n != new), "{old}");
            assert!(STANDARD_FORMS.iter().all(|(o, _)| o != new), "{new}");
        }
    }

    #[test]
    fn a_masked_name_shows_the_family_name() {
        for (name, masked) in [("张样本", "张**"), ("样", "*"), ("", "")] {
            assert_eq!(masked_name(name), masked);
        }
    }

    /// Every letter before every accent, a space and a zero-width space between them.
    #[test]
    fn letters_with_accents_stay_as_they_are_once_normalised() {
        let accents: Vec<char> = (0x300..0x370u32).filter_map(char::from_u32).collect();
        for letter in (0x20..0x3100u32).filter_map(char::from_u32) {
            for accent in &accents {
                for between in ["", " ", "\u{200B}"] {
                    let once = normalised_name(&format!("{letter}{between}{accent}"));
                    assert_eq!(normalised_name(&once), once, "{letter}{between}{accent}");
                }
            }
        }
        assert_eq!(normalised_name("H\u{331}"), normalised_name("h\u{331}"));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in ".*") {
            let once = normalised_name(&text);
            prop_assert_eq!(normalised_name(&once), once.clone());
        }

        #[test]
        fn differences_are_a_distance(a in "[ab张王]{0,6}", b in "[ab张王]{0,6}", c in "[ab张王]{0,6}") {
            let d = differences(&a, &b);
            prop_assert_eq!(d == 0, a == b);
            prop_assert_eq!(d, differences(&b, &a));
            prop_assert!(d <= differences(&a, &c) + differences(&c, &b));
        }
    }
}
