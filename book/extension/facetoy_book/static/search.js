// The search finds headings by their words. Sphinx's own finds one only by its very letters, and
// then ranks it with all pages that have one word of the query in any heading.
(() => {
  "use strict";

  const FEWEST = 15; // what Sphinx gives such a page
  const stemmer = new Stemmer();

  /**
   * The words of a text as the index knows them.
   * @param {string} text
   */
  const stems = (text) => {
    const words = splitQuery(text.toLowerCase());
    const telling = words.filter((word) => !stopwords.includes(word) && !/^\d+$/.test(word));
    return new Set(telling.map((word) => stemmer.stemWord(word)));
  };
  /** @param {Set<string>} some @param {Set<string>} all */
  const within = (some, all) => [...some].every((stem) => all.has(stem));

  /**
   * Headings that have all words of the query, the shortest first, then those whose words are all in
   * it, the longest first.
   * @param {Set<string>} asked
   */
  const headings = (asked) => {
    const { alltitles, titles, docnames, filenames } = Search._index;
    return Object.entries(alltitles).flatMap(([heading, places]) => {
      const own = stems(heading);
      const shared = Math.min(own.size, asked.size) / Math.max(own.size, asked.size);
      const whole = within(asked, own);
      if (!own.size || !asked.size || !(whole || within(own, asked))) return [];
      const score = (whole ? 2 : 1) * FEWEST + Math.round(FEWEST * shared);
      return places.map(([page, id]) => {
        const title = titles[page] === heading ? heading : `${titles[page]} > ${heading}`;
        return [docnames[page], title, id ? `#${id}` : "", null, score, filenames[page]];
      });
    });
  };

  const byTerms = Search.performTermsSearch;
  Search.performTermsSearch = (asked, excluded) => [...headings(asked), ...byTerms(asked, excluded)];
})();
