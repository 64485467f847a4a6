//! Photos over S3.

mod photo_rows;
mod s3_server;

use std::time::{Duration, Instant};

use photo_rows::{MAX, rows};
use realname::photos::{PhotoError, PhotoPlace, PhotoStore};
use s3_server::{Moto, set_environment};

#[test]
fn s3_keeps_photos_and_says_what_it_cannot() {
    let Some(moto) = Moto::start() else { return };
    moto.make_bucket("photos");
    // The only test of this file, so that nobody else reads the environment.
    set_environment(moto.port);
    let open =
        |text: &str| PhotoStore::open(&PhotoPlace::parse(text).expect("a place")).expect("enough said");
    rows(&open("s3://photos/some/prefix"));
    rows(&open("s3://photos"));
    let absent = open("s3://no-such-bucket").put("c", b"x".to_vec()).expect_err("no bucket");
    assert!(absent.to_string().contains("s3://no-such-bucket"), "{absent}");

    let store = open("s3://photos");
    let id = store.put("c", b"as sent".to_vec()).expect("space");
    drop(moto);
    let began = Instant::now();
    let away = store.get("c", &id, MAX).expect_err("away");
    assert!(matches!(away, PhotoError::Unavailable { .. }) && away.may_pass(), "{away}");
    assert!(began.elapsed() < Duration::from_secs(90), "{:?}", began.elapsed());
}
