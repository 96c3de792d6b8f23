// What a participant's page does where scripts run: the viewer of voxels, and the rating. Without, the page is complete.

import { startRatings } from './rating.ts'
import { startViewers } from './start.ts'

startRatings()
startViewers()
