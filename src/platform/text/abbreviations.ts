/** What a full stop after these words means. Lower case, without the last full stop; English and Spanish. */

/** A name or an explanation follows, so the sentence goes on. */
export const neverFinal: ReadonlySet<string> = new Set(
  `mr mrs ms mx dr prof rev fr hon gen col maj capt lt sgt cmdr adm gov sen rep pres st mt ft e.g eg i.e ie vs cf viz
   approx resp incl excl ca dept est asst assoc sra srta dña ud uds ee.uu p.ej gral ing lic arq av avda ph.d ph`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** The sentence goes on when a number (or a letter of an enumeration) follows. */
export const beforeNumber: ReadonlySet<string> = new Set(
  'no nos nr fig figs eq eqs sec secs ch chap p pp pg vol vols art arts ref refs tab ex para pt núm pág págs cap'.split(
    ' ',
  ),
);

/** May end a sentence; it does when a usual first word follows. */
export const sometimesFinal: ReadonlySet<string> = new Set(
  `inc ltd co corp llc plc bros etc al jr sr esq a.m p.m am pm u.s u.k u.n e.u u.s.a d.c b.c a.d b.c.e c.e jan feb mar
   apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun min max avg ave blvd rd s.a s.l`.split(/\s+/),
);

/** Words that usually begin a sentence when written with a capital. */
export const usualFirstWords: ReadonlySet<string> = new Set(
  `the a an this that these those it its he she they we i you his her their our my in on at by for from to with as if
   when while after before since although though however but and or so because there here what who which where why how
   no yes not all some many most each both such then thus also more other one two during under over between according
   el la los las un una este esta en por para con como si cuando pero y sin según`.split(/\s+/),
);
