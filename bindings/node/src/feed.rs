//! `Decoder.feed`: the one call that is made for every chunk of a stream, and so the one that is made by hand.
//!
//! A method of a class costs about 200 ns before it does anything, and an object made through Node-API ten times what V8 takes
//! for it. This is a plain function with its decoder behind it; it returns a string, and leaves the numbers that say how to cut
//! it in memory that JavaScript sees too.

#![allow(
    unsafe_code,
    reason = "plain functions and memory that both sides see are not in what napi wraps safely"
)]

use std::cell::{RefCell, UnsafeCell};
use std::ffi::{CString, c_void};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use eventwire_bridge::decode::LocalDecoder;
use eventwire_bridge::failure::Failure;
use eventwire_bridge::packed::{Batch, WORDS_PER_ITEM};
use eventwire_bridge::pieces::{MAX_ITEMS, Pieces, Text};
use napi::bindgen_prelude::{FromNapiValue, Function, Uint32Array};
use napi::{Env, sys};
use napi_derive::napi;

use crate::codec::Decoder;
use crate::failure::CODE;

/// How many numbers say what a piece is: how many items it has, and whether another piece follows.
const HEAD: usize = 2;

const WORDS: usize = HEAD + MAX_ITEMS * WORDS_PER_ITEM;

/// Memory for the numbers of one piece, which all decoders of an environment share: JavaScript reads them before it calls again.
#[derive(Debug)]
#[napi]
pub struct Words(Arc<Memory>);

#[derive(Debug)]
struct Memory(UnsafeCell<Box<[u32]>>);

// SAFETY: only functions of one environment reach it, and those run on its one thread. (What is dropped elsewhere is a box.)
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

#[napi]
impl Words {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self(Arc::new(Memory(UnsafeCell::new(vec![0; WORDS].into()))))
    }

    /// The memory itself.
    #[napi]
    pub fn view(&self) -> Uint32Array {
        let memory = self.0.clone();
        // SAFETY: `memory` keeps it where it is until the array is collected.
        unsafe {
            let words = (*memory.0.get()).as_mut_ptr();
            Uint32Array::with_external_data(words, WORDS, move |_, _| drop(memory))
        }
    }
}

struct Feeder {
    decoder: Rc<RefCell<LocalDecoder>>,
    words: Arc<Memory>,
    batch: Batch,
    pieces: Pieces,
}

/// The function that feeds a decoder.
///
/// Called with a Uint8Array, it decodes it, and returns the text of the first piece, or null where there are no items; called
/// without, it returns the next piece, where `words[1]` has said that there is one. What is no Uint8Array gives undefined.
#[napi]
pub fn feeder<'env>(
    env: &'env Env,
    decoder: &Decoder,
    words: &Words,
) -> napi::Result<Function<'env, (), ()>> {
    let feeder = Box::into_raw(Box::new(Feeder {
        decoder: decoder.0.clone(),
        words: words.0.clone(),
        batch: Batch::new(),
        pieces: Pieces::new(),
    }));
    let raw = env.raw();
    let mut function = ptr::null_mut();
    // SAFETY: the name is a literal of 4 bytes. `feeder` lives as long as the function: the finalizer is what frees it, or the
    // line below where there is none.
    unsafe {
        let name = c"feed";
        let made = sys::napi_create_function(
            raw,
            name.as_ptr(),
            4,
            Some(feed),
            feeder.cast(),
            &mut function,
        );
        let made = match made {
            sys::Status::napi_ok => sys::napi_add_finalizer(
                raw,
                function,
                feeder.cast(),
                Some(free),
                ptr::null_mut(),
                ptr::null_mut(),
            ),
            status => status,
        };
        if made != sys::Status::napi_ok {
            drop(Box::from_raw(feeder));
            return Err(napi::Error::from_status(made.into()));
        }
        Function::from_napi_value(raw, function)
    }
}

unsafe extern "C" fn free(_: sys::napi_env, feeder: *mut c_void, _: *mut c_void) {
    // SAFETY: it was made by `Box::into_raw` in `feeder`, and its function is gone.
    drop(unsafe { Box::from_raw(feeder.cast::<Feeder>()) });
}

unsafe extern "C" fn feed(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut count, mut chunk, mut feeder) = (1, ptr::null_mut(), ptr::null_mut());
    // SAFETY: there is room for the one argument that is asked for; `feeder` was given to this function when it was made, and
    // nothing in here calls JavaScript, so no other call holds it.
    let feeder: &mut Feeder = unsafe {
        let this = ptr::null_mut();
        sys::napi_get_cb_info(env, info, &mut count, &mut chunk, this, &mut feeder);
        &mut *feeder.cast()
    };
    if count > 0 {
        // SAFETY: `chunk` is the argument of this call.
        let fed = unsafe { with_bytes(env, chunk, |bytes| feeder.feed(bytes)) };
        match fed {
            None => return ptr::null_mut(),
            Some(Err(failure)) => {
                throw(env, &failure);
                return ptr::null_mut();
            }
            Some(Ok(())) => {}
        }
    }
    feeder.piece(env)
}

/// Gives the bytes of a Uint8Array to `read`, if it is one.
///
/// # Safety
///
/// `value` must be a value of `env`.
unsafe fn with_bytes<T>(
    env: sys::napi_env,
    value: sys::napi_value,
    read: impl FnOnce(&[u8]) -> T,
) -> Option<T> {
    let (mut kind, mut len, mut data) = (0, 0, ptr::null_mut());
    let mut buffer = ptr::null_mut();
    let mut owned = false;
    // SAFETY: all that it writes to is there.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &mut kind,
            &mut len,
            &mut data,
            &mut buffer,
            ptr::null_mut(),
        )
    };
    if status != sys::Status::napi_ok || kind != sys::TypedarrayType::uint8_array {
        return None;
    }
    if data.is_null() || len == 0 {
        return Some(read(&[]));
    }
    // SAFETY: `data` and `len` are the array's, which lives as long as this call.
    let bytes = unsafe {
        sys::napi_is_arraybuffer(env, buffer, &mut owned);
        std::slice::from_raw_parts(data.cast::<u8>(), len)
    };
    Some(if owned {
        read(bytes)
    } else {
        // It lies in a SharedArrayBuffer: another thread may write to it while it is read.
        let copy = bytes.to_vec();
        read(&copy)
    })
}

impl Feeder {
    fn feed(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.pieces.rewind();
        self.decoder.borrow_mut().feed(chunk, &mut self.batch)
    }

    fn piece(&mut self, env: sys::napi_env) -> sys::napi_value {
        let mut result = ptr::null_mut();
        // SAFETY: no other reference to it is made in this call, and JavaScript does not run meanwhile.
        let words = unsafe { &mut **self.words.0.get() };
        let (head, words) = words.split_at_mut(HEAD);
        let Some((text, items)) = self.pieces.next(&self.batch, words) else {
            // SAFETY: `result` is there to be written.
            unsafe { sys::napi_get_null(env, &mut result) };
            return result;
        };
        // SAFETY: the text is there, and as long as is said.
        unsafe {
            match text {
                Text::Latin1(bytes) => sys::napi_create_string_latin1(
                    env,
                    bytes.as_ptr().cast(),
                    bytes.len() as isize,
                    &mut result,
                ),
                Text::Utf16(units) => sys::napi_create_string_utf16(
                    env,
                    units.as_ptr(),
                    units.len() as isize,
                    &mut result,
                ),
            };
        }
        head.copy_from_slice(&[items as u32, self.pieces.has_next(&self.batch).into()]);
        result
    }
}

fn throw(env: sys::napi_env, failure: &Failure) {
    let text = CString::new(failure.to_json()).unwrap_or_default();
    let code = CString::new(CODE).unwrap_or_default();
    // SAFETY: both end with a NUL.
    unsafe { sys::napi_throw_error(env, code.as_ptr(), text.as_ptr()) };
}
