//! What is said of contexts here, and not in a kubeconfig: that one is protected, that one is the demo cluster's.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use crate::context::ContextId;

/// The marks of all contexts. Which are protected is kept by the settings.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    protected: Mutex<HashSet<ContextId>>,
    demo: Mutex<HashSet<ContextId>>,
}

impl Marks {
    /// Whether nothing is to be deleted there, and nothing asked without the user's word.
    pub(crate) fn is_protected(&self, context: &ContextId) -> bool {
        self.protected.lock().unwrap_or_else(PoisonError::into_inner).contains(context)
    }

    /// Those that are protected now, and no others.
    pub(crate) fn protect(&self, all: HashSet<ContextId>) {
        *self.protected.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// Whether it is the demo cluster's, where nobody is disturbed.
    pub(crate) fn is_demo(&self, context: &ContextId) -> bool {
        self.demo.lock().unwrap_or_else(PoisonError::into_inner).contains(context)
    }

    pub(crate) fn set_demo(&self, context: &ContextId) {
        self.demo.lock().unwrap_or_else(PoisonError::into_inner).insert(context.clone());
    }
}
