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
use eventwire_bridge::packed::{Batch, Kind, SAME_EVENT, SAME_ID, WORDS_PER_ITEM};
use eventwire_bridge::pieces::{MAX_ITEMS, Pieces, Text};
use napi::bindgen_prelude::{FromNapiValue, Function, Int32Array};
use napi::{Env, sys};
use napi_derive::napi;

use crate::codec::Decoder;
use crate::failure::CODE;

/// How many numbers come before those of the items. On the way in, the first says which decoder is meant; on the way out they say
/// what the piece is: how many items it has, whether another piece follows, and how many items all pieces have that are left.
const HEAD: usize = 3;

const WORDS: usize = HEAD + MAX_ITEMS * WORDS_PER_ITEM;

/// Memory for the numbers of one piece, which all decoders of an environment share: JavaScript reads them before it calls again.
#[derive(Debug)]
struct Words(UnsafeCell<Box<[u32]>>);

// SAFETY: only functions of one environment reach it, and those run on its one thread. (What is dropped elsewhere is a box.)
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

/// The decoders of an environment, which one function feeds. (V8 calls a function that it knows directly; one for each decoder
/// it would not know, and takes 25 ns more for it.)
#[derive(Debug)]
#[napi]
pub struct Feeders {
    words: Arc<Words>,
    table: Rc<Table>,
}

#[derive(Debug, Default)]
struct Table {
    feeders: RefCell<Vec<Option<Rc<RefCell<Feeder>>>>>,
    /// Places in it that are free again.
    free: RefCell<Vec<usize>>,
}

#[derive(Debug)]
struct Feeder {
    decoder: Rc<RefCell<LocalDecoder>>,
    batch: Batch,
    pieces: Pieces,
}

/// The place of a decoder in the table, for as long as it is there.
#[derive(Debug)]
pub(crate) struct Place {
    number: usize,
    table: Rc<Table>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nothing holds either of them across a call of JavaScript's, which is when finalizers run.
        self.table.feeders.borrow_mut()[self.number] = None;
        self.table.free.borrow_mut().push(self.number);
    }
}

#[napi]
impl Feeders {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self {
            words: Arc::new(Words(UnsafeCell::new(vec![0; WORDS].into()))),
            table: Rc::default(),
        }
    }

    /// The memory for the numbers. They are far below 2^31, and signed ones are what V8 calculates with.
    #[napi]
    pub fn words(&self) -> Int32Array {
        let memory = self.words.clone();
        // SAFETY: `memory` keeps it where it is until the array is collected.
        unsafe {
            let words = (*memory.0.get()).as_mut_ptr().cast::<i32>();
            Int32Array::with_external_data(words, WORDS, move |_, _| drop(memory))
        }
    }

    /// Takes a decoder, and says which number it is fed by.
    #[napi]
    pub fn add(&self, decoder: &mut Decoder) -> u32 {
        let feeder = Some(Rc::new(RefCell::new(Feeder {
            decoder: decoder.inner.clone(),
            batch: Batch::new(),
            pieces: Pieces::new(),
        })));
        let mut feeders = self.table.feeders.borrow_mut();
        let number = self.table.free.borrow_mut().pop().unwrap_or(feeders.len());
        match feeders.get_mut(number) {
            Some(place) => *place = feeder,
            None => feeders.push(feeder),
        }
        decoder.place = Some(Place {
            number,
            table: self.table.clone(),
        });
        number as u32
    }

    /// The function that feeds the decoder whose number is `words[0]`.
    ///
    /// Called with a Uint8Array, it decodes it, and returns the text of the first piece, or undefined where there are no items; called
    /// without, it returns the next piece, where `words[1]` has said that there is one. What is no Uint8Array gives null.
    #[napi]
    pub fn feed<'env>(&self, env: &'env Env) -> napi::Result<Function<'env, (), ()>> {
        let feeding = Box::into_raw(Box::new(Feeding {
            words: self.words.clone(),
            table: self.table.clone(),
        }));
        let raw = env.raw();
        let mut function = ptr::null_mut();
        // SAFETY: the name is a literal of 4 bytes. `feeding` lives as long as the function: the finalizer is what frees it, or the
        // line below where there is none.
        unsafe {
            let name = c"feed";
            let made = sys::napi_create_function(
                raw,
                name.as_ptr(),
                4,
                Some(feed),
                feeding.cast(),
                &mut function,
            );
            let made = match made {
                sys::Status::napi_ok => sys::napi_add_finalizer(
                    raw,
                    function,
                    feeding.cast(),
                    Some(free),
                    ptr::null_mut(),
                    ptr::null_mut(),
                ),
                status => status,
            };
            if made != sys::Status::napi_ok {
                drop(Box::from_raw(feeding));
                return Err(napi::Error::from_status(made.into()));
            }
            Function::from_napi_value(raw, function)
        }
    }
}

/// What stands behind the function.
struct Feeding {
    words: Arc<Words>,
    table: Rc<Table>,
}

unsafe extern "C" fn free(_: sys::napi_env, feeding: *mut c_void, _: *mut c_void) {
    // SAFETY: it was made by `Box::into_raw` in `Feeders::feed`, and its function is gone.
    drop(unsafe { Box::from_raw(feeding.cast::<Feeding>()) });
}

unsafe extern "C" fn feed(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut count, mut chunk, mut feeding) = (1, ptr::null_mut(), ptr::null_mut());
    // SAFETY: there is room for the one argument that is asked for; `feeding` was given to this function when it was made.
    let feeding: &Feeding = unsafe {
        let this = ptr::null_mut();
        sys::napi_get_cb_info(env, info, &mut count, &mut chunk, this, &mut feeding);
        &*feeding.cast()
    };
    // SAFETY: no other reference to it is made in this call, and JavaScript does not run meanwhile.
    let words = unsafe { &mut **feeding.words.0.get() };
    let feeder = feeding
        .table
        .feeders
        .borrow()
        .get(words[0] as usize)
        .cloned();
    let Some(feeder) = feeder.flatten() else {
        return null(env);
    };
    let feeder = &mut *feeder.borrow_mut();
    if count > 0 {
        // SAFETY: `chunk` is the argument of this call.
        let fed = unsafe { with_bytes(env, chunk, |bytes| feeder.feed(env, bytes, words)) };
        match fed {
            None => return null(env),
            Some(Err(failure)) => {
                throw(env, &failure);
                return ptr::null_mut();
            }
            Some(Ok(Some(text))) => return text,
            Some(Ok(None)) => {}
        }
    }
    feeder.piece(env, words)
}

fn null(env: sys::napi_env) -> sys::napi_value {
    let mut null = ptr::null_mut();
    // SAFETY: it is there to be written.
    unsafe { sys::napi_get_null(env, &mut null) };
    null
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
    /// Decodes a chunk: into the batch, or into a text, where all that it gives is one event which has nothing but data.
    fn feed(
        &mut self,
        env: sys::napi_env,
        chunk: &[u8],
        words: &mut [u32],
    ) -> Result<Option<sys::napi_value>, Failure> {
        self.pieces.rewind();
        let mut decoder = self.decoder.borrow_mut();
        let Some(data) = decoder.feed_or_give(chunk, &mut self.batch)? else {
            return Ok(None);
        };
        let (head, words) = words.split_at_mut(HEAD);
        head.copy_from_slice(&[1, 0, 1]);
        // No text comes before the data.
        words[..WORDS_PER_ITEM].copy_from_slice(&[
            Kind::Event as u32 | SAME_EVENT | SAME_ID,
            0,
            0,
            data.len() as u32,
        ]);
        Ok(Some(string(env, Text::Latin1(data))))
    }

    /// The next piece; null, as a pointer, is undefined.
    fn piece(&mut self, env: sys::napi_env, words: &mut [u32]) -> sys::napi_value {
        let left = self.pieces.left(&self.batch);
        let (head, words) = words.split_at_mut(HEAD);
        let Some((text, items)) = self.pieces.next(&self.batch, words) else {
            return ptr::null_mut();
        };
        let result = string(env, text);
        head.copy_from_slice(&[items as u32, (items < left).into(), left as u32]);
        result
    }
}

fn string(env: sys::napi_env, text: Text<'_>) -> sys::napi_value {
    let mut string = ptr::null_mut();
    // SAFETY: the text is there, and as long as is said.
    unsafe {
        match text {
            Text::Latin1(bytes) => sys::napi_create_string_latin1(
                env,
                bytes.as_ptr().cast(),
                bytes.len() as isize,
                &mut string,
            ),
            Text::Utf16(units) => sys::napi_create_string_utf16(
                env,
                units.as_ptr(),
                units.len() as isize,
                &mut string,
            ),
        };
    }
    string
}

fn throw(env: sys::napi_env, failure: &Failure) {
    let text = CString::new(failure.to_json()).unwrap_or_default();
    let code = CString::new(CODE).unwrap_or_default();
    // SAFETY: both end with a NUL.
    unsafe { sys::napi_throw_error(env, code.as_ptr(), text.as_ptr()) };
}
