//! What every place for photos has to do.

use realname::photos::{PhotoError, PhotoId, PhotoStore};

/// Larger than any photo here.
pub(crate) const MAX: u64 = 1 << 20;

/// Stores, reads, refuses and removes, whatever the place.
pub(crate) fn rows(store: &PhotoStore) {
    let bytes = vec![7; 300_000];
    let id = store.put("case a/../张三", bytes.clone()).expect("space");
    assert_eq!(id, PhotoId::of(&bytes));
    assert_eq!(store.put("case a/../张三", bytes.clone()).expect("there already"), id);
    assert_eq!(store.get("case a/../张三", &id, MAX).expect("what was stored"), bytes);
    assert!(matches!(store.get("another", &id, MAX), Err(PhotoError::Missing { .. })));
    let too_large = store.get("case a/../张三", &id, 299_999);
    assert!(matches!(too_large, Err(PhotoError::Altered { .. })), "{too_large:?}");
    let empty = store.put("case a/../张三", Vec::new()).expect("an empty file is a file");
    assert_eq!(store.get("case a/../张三", &empty, MAX).expect("there"), Vec::<u8>::new());
    let other = store.put("another", bytes.clone()).expect("space");
    assert_eq!(store.purge("case a/../张三").expect("ours"), 2);
    assert_eq!(store.purge("case a/../张三").expect("nothing left"), 0);
    assert!(matches!(store.get("case a/../张三", &id, MAX), Err(PhotoError::Missing { .. })));
    assert_eq!(store.get("another", &other, MAX).expect("not of that case"), bytes);
}
