//! throw-away probe
use realname::case::*;
use realname::*;
use std::collections::BTreeMap;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let engine = Engine::new(Settings::default()).unwrap();
    let role = SampleRole::parse(&a[0]).unwrap();
    let out = a[1].clone();
    let mut emb: Vec<(String, Option<face::FaceEmbedding>)> = vec![];
    let mut stages = evidence::Timings::default();
    for f in &a[2..] {
        let bytes = std::fs::read(f).unwrap();
        let s = Sample { role, bytes: bytes.clone() };
        let i = engine.inspect(&s).unwrap();
        stages.merge(&i.timings);
        let vals: BTreeMap<_, _> = i
            .assessment
            .readings
            .iter()
            .map(|(m, v)| (m.id(), v.value().map(|x| (x.get() * 1000.0).round() / 1000.0)))
            .collect();
        let name = f.rsplit('/').take(2).collect::<Vec<_>>();
        let name = format!("{}/{}", name.get(1).unwrap_or(&""), name[0]);
        print!("{name} {:?}", i.assessment.intake);
        for (k, v) in vals {
            print!(" {k}={}", v.map_or("-".into(), |v| v.to_string()));
        }
        println!();
        if out != "-" {
            let e = match engine.face(bytes).unwrap() {
                FaceOf::Found(evidence::Measured::Value(e)) => Some(e),
                _ => None,
            };
            emb.push((f.clone(), e));
        }
    }
    eprintln!("{:?}", stages.0.iter().map(|(k, v)| (k, v / (a.len() - 2) as f64)).collect::<Vec<_>>());
    if out != "-" {
        let mut w = String::from("a\tb\tdistance\tstatus\n");
        let all = std::env::var("ALL").is_ok();
        for (i, (fa, ea)) in emb.iter().enumerate() {
            for (fb, eb) in &emb[i + 1..] {
                if !all && fa.rsplit('/').nth(1) == fb.rsplit('/').nth(1) {
                    continue;
                }
                match (ea, eb) {
                    (Some(x), Some(y)) => w += &format!("{fa}\t{fb}\t{}\tok\n", x.distance(y).unwrap().get()),
                    (x, y) => {
                        w += &format!(
                            "{fa}\t{fb}\t\t{}{}\n",
                            if x.is_none() { "a:no_face " } else { "" },
                            if y.is_none() { "b:no_face" } else { "" }
                        )
                    }
                }
            }
        }
        std::fs::write(out, w).unwrap();
    }
}
