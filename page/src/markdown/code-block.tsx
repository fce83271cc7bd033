import { CopyButton } from '@/components/copy-button'

export function CodeBlock({ text, language }: { text: string; language: string }) {
  return (
    <div className="code-block">
      <div className="flex items-center justify-between pl-3 text-meta text-dim">
        <span>{language}</span>
        <CopyButton text={text} label="Copy code" />
      </div>
      <pre tabIndex={0}><code>{text}</code></pre>
    </div>
  )
}
