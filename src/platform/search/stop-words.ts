/** English words that say how a sentence is built, not what it is about. Not indexed and not searched. */
export const stopWords: ReadonlySet<string> = new Set(
  `a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to
   was will with
   i me my we us our ours you your yours he him his she her hers its them theirs who whom whose which what when where why
   how am were been being do does did doing done have has had having can could would should shall may might must
   from than so too very just about also because while during both each few more most other some any all own same only
   many much get gets got getting please tell those here again once s t don doesn didn isn aren wasn weren hasn haven hadn won wouldn shouldn couldn ll re ve d m`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
