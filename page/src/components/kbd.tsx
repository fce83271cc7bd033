/** A key, as drawn on buttons and in the help. */
export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="inline-grid h-4.5 min-w-4.5 place-items-center rounded-[3px] border border-current/30 px-1 font-mono text-meta leading-none">
      {children}
    </kbd>
  )
}
