// Names for the shapes of the review interface.

import type { components } from '@/api/schema'

type Shapes = components['schemas']

export type ChangeSet = Shapes['ChangeSet']
export type FileChange = Shapes['FileChange']
export type Hunk = Shapes['Hunk']
export type DiffLine = Shapes['DiffLine']
export type AgentShare = Shapes['AgentShare']
export type Choice = Shapes['ChangesChoice']
export type Comment = Shapes['Comment']
export type Side = Comment['side']
export type Checkpoint = Shapes['Checkpoint']
export type RewindOutcome = Shapes['RewindOutcome']
export type ApplyOutcome = Shapes['ApplyOutcome']
export type AppliedFile = Shapes['AppliedFile']
export type ApplyConflict = Shapes['ApplyConflict']
export type ConflictSide = Shapes['ConflictSide']
export type Overlap = Shapes['Overlap']
