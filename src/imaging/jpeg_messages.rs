//! What libjpeg says while it decodes: which messages end the decoding, and which are harmless.
//!
//! libjpeg goes on after damaged data with a mere warning. Here every warning that means missing
//! or damaged pixels unwinds out of the decoder at once, the same way its fatal errors do.

use std::cell::Cell;
use std::ffi::c_int;

use mozjpeg_sys::{
    JERR_BAD_COMPONENT_ID, JERR_BAD_HUFF_TABLE, JERR_BAD_LENGTH, JERR_BAD_PROGRESSION, JERR_EOI_EXPECTED,
    JERR_FILE_READ, JERR_FRACT_SAMPLE_NOTIMPL, JERR_HUFF_MISSING_CODE, JERR_INPUT_EMPTY, JERR_INPUT_EOF,
    JERR_NO_HUFF_TABLE, JERR_NO_QUANT_TABLE, JERR_OUT_OF_MEMORY, JERR_SOF_DUPLICATE, JERR_SOF_NO_SOS,
    JERR_SOI_DUPLICATE, JWRN_ADOBE_XFORM, JWRN_BOGUS_PROGRESSION, JWRN_EXTRANEOUS_DATA, JWRN_HIT_MARKER,
    JWRN_HUFF_BAD_CODE, JWRN_JFIF_MAJOR, JWRN_JPEG_EOF, JWRN_MUST_RESYNC, JWRN_NOT_SEQUENTIAL,
    jpeg_common_struct, jpeg_error_mgr,
};

use super::fault::PhotoFault;

/// Carried by the unwinding from libjpeg to the one who called it.
pub(super) struct Stop {
    code: c_int,
}

impl Stop {
    /// The message as the sender's fault.
    pub(super) fn fault(&self) -> PhotoFault {
        match self.code {
            JWRN_JPEG_EOF | JERR_FILE_READ | JERR_INPUT_EOF | JERR_INPUT_EMPTY => PhotoFault::Truncated,
            code => PhotoFault::Corrupt { detail: detail(code) },
        }
    }
}

fn detail(code: c_int) -> String {
    let known = match code {
        JWRN_HIT_MARKER => "a scan ends before its picture does",
        JWRN_HUFF_BAD_CODE => "a Huffman code that does not exist",
        JWRN_MUST_RESYNC => "restart markers out of order",
        JWRN_BOGUS_PROGRESSION => "scans that contradict each other",
        JERR_HUFF_MISSING_CODE | JERR_NO_HUFF_TABLE => "a missing Huffman table",
        JERR_BAD_HUFF_TABLE => "an impossible Huffman table",
        JERR_BAD_COMPONENT_ID => "a scan of a component that does not exist",
        JERR_BAD_LENGTH => "a segment of the wrong length",
        JERR_BAD_PROGRESSION => "impossible scan parameters",
        JERR_FRACT_SAMPLE_NOTIMPL => "components sampled in fractions of each other",
        JERR_NO_QUANT_TABLE => "a missing quantisation table",
        JERR_SOF_DUPLICATE => "two frames",
        JERR_SOI_DUPLICATE => "two beginnings",
        JERR_SOF_NO_SOS => "a frame without a scan",
        JERR_EOI_EXPECTED => "more scans than the frame allows",
        JERR_OUT_OF_MEMORY => "more memory needed than the decoder takes",
        _ => return format!("libjpeg message {code}"),
    };
    known.to_owned()
}

thread_local! {
    /// Bytes that belonged to no segment, since the last [`take_extraneous_bytes`]. One decoder
    /// runs at a time on a thread, and its callbacks run on the thread that called it.
    static EXTRANEOUS_BYTES: Cell<u64> = const { Cell::new(0) };
}

/// The bytes this thread's decoder has passed over since the last call.
pub(super) fn take_extraneous_bytes() -> u64 {
    EXTRANEOUS_BYTES.take()
}

/// An error manager that prints nothing and unwinds with a [`Stop`].
pub(super) fn error_manager() -> jpeg_error_mgr {
    jpeg_error_mgr {
        error_exit: Some(error_exit),
        emit_message: Some(emit_message),
        output_message: Some(ignore),
        format_message: None,
        reset_error_mgr: Some(ignore),
        msg_code: 0,
        msg_parm: mozjpeg_sys::msg_parm_union::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: std::ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: std::ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    }
}

#[cold]
extern "C-unwind" fn error_exit(info: &mut jpeg_common_struct) {
    stop(message(info).0);
}

#[cold]
extern "C-unwind" fn emit_message(info: &mut jpeg_common_struct, level: c_int) {
    if level >= 0 {
        return; // a trace, not a warning
    }
    match message(info) {
        (JWRN_EXTRANEOUS_DATA, discarded) => {
            EXTRANEOUS_BYTES.with(|sum| sum.set(sum.get() + u64::from(discarded)));
        }
        // Wrong in the letter, without effect on the pixels; some cameras and libraries do it.
        (JWRN_JFIF_MAJOR | JWRN_ADOBE_XFORM | JWRN_NOT_SEQUENTIAL, _) => {}
        (code, _) => stop(code),
    }
}

extern "C-unwind" fn ignore(_info: &mut jpeg_common_struct) {}

/// The message's code and its first parameter.
#[expect(unsafe_code, reason = "the error manager hangs on libjpeg's struct by a raw pointer")]
fn message(info: &jpeg_common_struct) -> (c_int, u32) {
    // SAFETY: libjpeg calls back with the struct whose `err` was set to the boxed error manager
    // before any other call; the box lives as long as the struct, and no reference into it exists
    // while libjpeg runs.
    let manager = unsafe { &*info.err };
    (manager.msg_code, manager.msg_parm._bindgen_data_[0])
}

/// Leaves libjpeg. The library is built with unwind tables, and its callers drop their structs.
fn stop(code: c_int) -> ! {
    // Not a panic: no hook runs and nothing is printed.
    std::panic::resume_unwind(Box::new(Stop { code }))
}
