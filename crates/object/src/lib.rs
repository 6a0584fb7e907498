//! Python objects, safely.
