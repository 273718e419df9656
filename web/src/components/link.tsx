import type { ComponentProps } from 'react';
import { isPlainClick, navigate } from '../lib/location.ts';

type LinkProps = ComponentProps<'a'> & { href: string };

/** A link inside the page: followed without loading it again, while every other kind of click stays the browser's. */
export function Link({ href, onClick, ...rest }: LinkProps) {
  return (
    <a
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlainClick(event)) return;
        event.preventDefault();
        navigate(href);
      }}
      {...rest}
    />
  );
}
