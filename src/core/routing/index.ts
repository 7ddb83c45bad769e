/** The graph, the search, and what failures taught it. */
export * from './lessons.js';
