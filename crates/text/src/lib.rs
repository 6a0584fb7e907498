//! Text algorithms without objects: codecs, Unicode tables, search.
