/** The filter's element, which a key leads to. */
export const FILTER_ID = 'session-filter'
