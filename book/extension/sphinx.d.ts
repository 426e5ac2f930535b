// What Sphinx's own scripts define on the search page.
declare const Search: {
  _index: {
    alltitles: Record<string, [page: number, id: string | null][]>;
    titles: string[];
    docnames: string[];
    filenames: string[];
  };
  performTermsSearch: (terms: Set<string>, excluded: Set<string>) => unknown[];
};
declare const Stemmer: new () => { stemWord(word: string): string };
declare const splitQuery: (query: string) => string[];
declare const stopwords: string[];
