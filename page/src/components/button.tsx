import type { ComponentProps, ReactNode } from 'react'

type Look = 'plain' | 'quiet' | 'primary' | 'danger'

const LOOKS: Record<Look, string> = {
  plain: 'border-line2 bg-raise text-fg hover:bg-panel',
  quiet: 'border-transparent text-dim hover:bg-panel hover:text-fg',
  primary: 'border-transparent bg-brand text-onbrand hover:opacity-90',
  danger: 'border-line2 bg-raise text-fail hover:bg-failbg',
}

const SHAPE =
  'touch inline-flex h-7 shrink-0 cursor-pointer items-center justify-center gap-1.5 rounded-control border text-ui font-medium whitespace-nowrap transition-colors disabled:cursor-default disabled:opacity-50 aria-disabled:cursor-default aria-disabled:opacity-50'

/** For elements that must look like a button and are none, such as links and the triggers of menus. */
export function buttonClass(look: Look = 'plain', icon = false): string {
  return `${SHAPE} ${LOOKS[look]} ${icon ? 'w-7' : 'px-2.5'}`
}

interface ButtonProps extends ComponentProps<'button'> {
  look?: Look
}

export function Button({ look = 'plain', className = '', type = 'button', ...rest }: ButtonProps) {
  return <button type={type} className={`${buttonClass(look)} ${className}`} {...rest} />
}

interface IconButtonProps extends Omit<ButtonProps, 'children'> {
  /** Said by screen readers and shown as a tip. */
  label: string
  children: ReactNode
}

export function IconButton({ look = 'quiet', label, className = '', type = 'button', ...rest }: IconButtonProps) {
  return <button type={type} aria-label={label} title={label} className={`${buttonClass(look, true)} ${className}`} {...rest} />
}
