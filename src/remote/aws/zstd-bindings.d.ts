/** The native part of the package, which has no types of its own. */
declare module '@mongodb-js/zstd/bindings.js';
