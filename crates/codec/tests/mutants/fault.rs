//! The ways to get a rule wrong, by the rows of the fixtures' README: what other libraries do, what their languages'
//! own functions would do, and what one slip in a decoder does.

macro_rules! faults {
    ($($row:literal { $($fault:ident $why:literal,)+ })+) => {
        /// One rule switched off, or replaced by what somebody mistakes for it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault { $($($fault,)+)+ }

        /// Every fault with the row of its rule, and what it is.
        pub(crate) const FAULTS: &[(u64, Fault, &str)] = &[$($(($row, Fault::$fault, $why),)+)+];
    };
}

faults! {
    1 {
        BomKept "the first field is lost: httpx-sse, LaunchDarkly's for Python",
        BomTwice "two are skipped: eventsource-parser",
        BomOfEveryChunk "one is skipped at the start of each chunk",
        BomOfEveryLine "one is skipped at the start of each line",
        BomEverywhere "U+FEFF is removed wherever it stands",
        BomWholeOnly "one that is split over chunks is kept",
        BomPrefix "EF BB or EF alone is skipped as well",
        BomStartsOver "the comparison starts over within the stream",
        BomAfterBlankLines "one is skipped behind leading blank lines",
        BomAsLatin1 "the characters U+00EF U+00BB U+00BF are skipped",
        BomOfUtf16 "FE FF and FF FE are skipped",
        BomOnceEver "it is not skipped anew on the next connection",
    }
    2 {
        CrHeld "a bare CR waits for the next byte: httpx-sse, eventsource-stream",
        CrKept "only LF ends a line",
        CrDropped "only LF ends a line, and one CR before it is dropped: a readline",
        CrlfIsTwo "a CRLF is two line ends",
        CrlfOverEdgeIsTwo "a CRLF over the edge of a chunk is two line ends",
        CrlfOverEmptyChunkIsTwo "an empty chunk between CR and LF makes them two line ends",
        LfCrIsOne "LF CR is one line end",
        CrsAreOne "CR CR is one line end",
        BlankLineOfOneKind "a blank line must end as the line before it did: a search for LF LF or CR CR",
    }
    3 {
        SeparatorEndsLine "U+2028 and U+2029 end a line: splitlines of Python",
        NelEndsLine "U+0085 ends a line: splitlines of Python",
        VtAndFfEndLine "VT and FF end a line: splitlines of Python",
        FsGsRsEndLine "FS, GS and RS end a line: splitlines of Python",
        NulEndsLine "NUL ends a line",
    }
    4 {
        SpaceKept "nothing is stripped",
        AllSpacesStripped "all leading spaces are stripped",
        ValueTrimmed "both ends are trimmed",
        TrailingSpaceStripped "a space at the end is stripped",
        TabStripped "a tab is stripped as a space is",
        UnicodeSpaceStripped "whatever Unicode calls a space is stripped",
        SpaceNeeded "a colon without a space separates nothing",
        SpaceOfDataOnly "it is stripped from data alone",
        LastColon "the name goes to the last colon",
    }
    5 {
        NoColonIgnored "a line without a colon is ignored: fetch-event-source",
        NoColonOnlyData "only data may be without a colon",
        NoColonNeverData "data needs a colon",
        NoColonIsItsValue "the name is taken for the value too",
    }
    6 {
        NamesIgnoreCase "DATA is data",
        NamesTrimmed "spaces around a name are trimmed",
        NamesByPrefix "what begins as a name is that name",
        NamesWithoutInvalid "invalid bytes in a name are passed over",
        UnknownEndsBlock "an unknown field ends the block",
        UnknownIsFatal "a block of unknown fields tears the connection down: eventsource-client",
        UnknownIsData "an unknown line goes on with the data",
        CommentIsData "a line that begins with a colon is data of an empty name",
        CommentEndsBlock "a comment ends the block",
        NotAStreamIsFatal "a first line that is no field ends the connection",
    }
    7 {
        DataWithoutLf "lines are joined by nothing",
        DataLastWins "the last line replaces the others",
        DataFirstWins "the lines after the first are ignored",
        DataFinalLfKept "the final LF stays",
        DataFinalLfsDropped "all final LFs are dropped",
        DataEmptyLinesSkipped "empty lines are skipped",
        DataFirstEmptySkipped "empty lines at the beginning are lost: fetch-event-source",
        DataJoinedByCrlf "lines are joined by CRLF",
        DataSplitByOthers "only lines that follow each other are joined",
    }
    8 {
        EmptyBlockDispatched "every blank line dispatches",
        PhantomsAfterId "a blank line dispatches once there is an id: httpx-sse",
        TypeAloneDispatched "a type without data is dispatched: fetch-event-source",
        EmptyDataDropped "an event whose data is empty is dropped: fetch-event-source",
        TypeOutlivesEmptyBlock "a blank line without data leaves the type",
        TypeOutlivesEvent "a dispatch leaves the type",
        DataOutlivesEvent "a dispatch leaves the data",
    }
    9 {
        TypeFirstWins "the first type of a block wins",
        TypesAppended "types are appended to each other",
        EmptyTypeIgnored "an empty type leaves the one before: undici",
        EmptyTypeStays "an empty type is told as it is",
        TypeBeforeDataOnly "a type behind the data is ignored",
    }
    10 {
        NulIdTaken "an id with NUL is an id: fetch-event-source",
        NulIdCut "an id ends at its NUL",
        NulIdWithoutNul "the NUL is dropped from the id",
        NulIdResets "an id with NUL is an empty one",
        NulIdUndoesEarlier "an id with NUL drops an earlier one of its block",
        NulIdDropsEvent "an id with NUL drops its event",
        NulIdOnlyAtStart "only a NUL at the start of an id counts",
    }
    11 {
        IdNotSticky "an event without an id has none: npm eventsource",
        IdFirstWins "the first id of a block wins",
        IdFirstEverWins "an id is set once",
        IdsAppended "ids are appended to each other",
        IdAfterEvent "an event carries the id from before its block",
        IdBeforeDataOnly "an id behind the data is ignored",
    }
    12 {
        IdAtItsLine "an id is committed at its line: fetch-event-source",
        IdAtData "an id is committed at the next data line",
        IdAtEof "the end of the stream commits an id",
        IdAtLimit "the limit that fails a stream commits the id before it",
        ResetAtItsLine "an empty id is committed at its line",
    }
    13 {
        IdNeedsData "a block without data commits no id: npm eventsource and others",
        IdWaitsForData "an id without data is committed with the next event",
        IdNeedsDataOrType "a block of an id alone commits none",
    }
    14 {
        EmptyIdIgnored "an empty id is ignored: undici",
        EmptyIdNeedsColon "an id without a colon is ignored",
        EmptyIdOfEventOnly "an empty id holds for its own event alone",
        EmptyIdNeedsData "an empty id without data is ignored",
    }
    15 {
        SeedIgnored "the id of the earlier connection is not carried: eventsource-client",
        SeedLostByEvent "the first event without an id loses it: reqwest-eventsource",
        SeedFixed "the id of the earlier connection cannot be replaced",
        SeedLostByReset "the next connection starts without an id",
        UncommittedSeeds "an id that was not committed goes over to the next connection",
    }
    16 {
        IdAsLatin1 "an id is read as Latin-1",
        IdAsciiOnly "an id outside ASCII is ignored",
        IdBmpOnly "an id beyond U+FFFF is ignored",
        IdMarked "an id outside ASCII becomes question marks",
    }
    17 {
        RetryAsInt "int() of Python: signs, underscores, spaces, digits of all scripts",
        RetryAsParseInt "parseInt of JavaScript: what begins with digits",
        RetryAsNumber "Number of JavaScript: hexadecimal, exponents, fractions, empty is 0",
        RetryTrimmed "spaces around it are trimmed",
        RetrySigned "a plus is taken",
        RetryUnicodeDigits "isdigit of Python: digits of all scripts",
        RetryOctal "a leading zero makes it octal",
        RetryEmptyIsZero "an empty one is 0",
        RetryWrongForgets "a wrong one takes the time back",
        RetryAtBlankLine "it is applied at the blank line",
        RetryWithDataOnly "it is applied with an event alone",
        RetryFirstWins "it is set once",
        RetryForgotten "the next connection begins without it",
    }
    18 {
        RetryWraps32 "it wraps around at 2^32",
        RetryWraps64 "it wraps around at 2^64",
        RetryTooLargeIgnored "one beyond 64 bits is ignored",
        RetryBeyond53 "it saturates at 2^64 - 1",
        RetrySigned32 "it saturates at 2^31 - 1",
        RetryZeroIgnored "0 is ignored as if it were false",
        RetryFewDigits "one of more than twenty digits is ignored",
    }
    19 {
        EofEndsLine "the end of the stream ends a line",
        EofEndsEvent "the end of the stream ends an event",
        EofEndsBoth "the end of the stream ends a line and its event",
        UnfinishedGoesOn "the next connection goes on with an unfinished line",
        UnfinishedEventGoesOn "the next connection goes on with an unfinished event",
    }
    20 {
        Utf8PerChunk "each chunk is decoded by itself",
        Utf8Strict "invalid bytes end the stream: eventsource-stream, LaunchDarkly's for Python",
        Utf8InvalidDropped "invalid bytes are dropped",
        Utf8EventDropped "an event with invalid bytes is dropped",
        Utf8PerByte "every invalid byte becomes one U+FFFD",
        Utf8PerRun "a run of invalid bytes becomes one U+FFFD",
        Utf8QuestionMark "an invalid byte becomes a question mark",
        Utf8Overlong "non-shortest forms are decoded",
        Utf8OverlongWhole "a non-shortest form becomes one U+FFFD",
        Utf8SurrogateWhole "a surrogate becomes one U+FFFD",
        Utf8BeyondWhole "a sequence beyond U+10FFFF becomes one U+FFFD",
        Utf8TruncatedDropped "what a value's end truncates is dropped",
        Utf8SwallowsLineEnd "a truncated character takes the line end with it",
        Utf8OfDataOnly "an invalid id or type is ignored",
        Utf8NoNoncharacters "noncharacters are taken for invalid",
        Utf8CommentDropped "an invalid comment is dropped",
    }
    21 {
        Latin1 "everything is read as Latin-1",
        Windows1252 "everything is read as windows-1252",
        Latin1WhereInvalid "Latin-1 is guessed where a value is not valid UTF-8",
        Utf16Guessed "UTF-16 is guessed by its BOM or its NULs",
    }
    22 {
        NulDropped "NUL is dropped from data",
        NulCutsData "data ends at its NUL, as a string of C",
        NulReplaced "NUL becomes U+FFFD, as in HTML",
        NulDropsEvent "data with NUL drops its event",
        NulCutsType "a type ends at its NUL",
        NulTypeIgnored "a type with NUL is ignored as an id is",
    }
    26 {
        Rescans "the line is searched from its start with every chunk: eventsource-stream",
        RejoinsData "the data is joined anew with every line",
        LineUnlimited "there is no max_line",
        EventUnlimited "there is no max_event",
        LineLimitAtItsEnd "max_line is looked at when the line has come",
        EventLimitAtLineEnd "max_event is looked at when a line has come",
        EventLimitAtBlankLine "max_event is looked at when the event has come",
        LimitsReached "the limits themselves are too much",
        LineLimitOfData "max_line is of data lines alone",
        LineLimitCountsEnd "max_line counts the line end",
        LineLimitCountsBom "max_line counts the BOM",
        LineLimitCountsCharacters "max_line counts characters",
        EventLimitPerLine "max_event is of one line",
        EventLimitWithoutLf "max_event does not count the LFs between lines",
        EventLimitOfDataOnly "max_event does not count the type and the id",
        EventLimitCountsReplaced "max_event counts types and ids that were replaced",
        EventLimitCountsCarried "max_event counts an id of an earlier block",
        EventLimitCountsAll "max_event counts comments and unknown fields",
        EventLimitCountsNames "max_event counts the names",
        EventLimitCountsSpace "max_event counts the one space",
        EventLimitOfText "max_event counts the bytes of the decoded text",
        EventLimitOfNulId "max_event counts an id that was ignored",
        EventLimitFirst "at one byte for both limits, max_event is told",
        EventLimitTooEarly "data without a colon counts before its line has come",
        ErrorForgotten "the stream goes on behind an error",
        ErrorOutlivesReset "a reset does not mend an error",
    }
}
