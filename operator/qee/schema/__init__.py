"""Made when QEE is built: CRDs, reference pages and match conditions, from the models in `qee.api`."""
