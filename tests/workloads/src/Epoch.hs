-- SPDX-License-Identifier: Apache-2.0

-- | What happens between two epochs. As in the node it is lazy: the first who needs a state beyond the boundary pays,
-- which is the forge loop's forecast in every slot until the first block of the new epoch stands.
module Epoch (tick, ticked) where

import Data.IntMap.Strict (IntMap)
import qualified Data.IntMap.Strict as IntMap
import Data.List (foldl')
import Genesis (Genesis, epochOf)
import Ledger

-- | The ledger as a block of this slot finds it.
tick :: Genesis -> Params -> Int -> Ledger -> Ledger
tick g p slot l
  | ticked g slot l = l
  | otherwise = newEpoch p (epochOf g slot) l

-- | Whether the ledger is in the epoch of the slot already.
ticked :: Genesis -> Int -> Ledger -> Bool
ticked g slot l = epochOf g slot <= ledgerEpoch l

newEpoch :: Params -> Int -> Ledger -> Ledger
newEpoch p epoch l
  | boundaryCost p == 0 = l { ledgerEpoch = epoch }
  | otherwise = (rotate (payRewards p l)) { ledgerEpoch = epoch, blocksMade = IntMap.empty, fees = 0 }

rotate :: Ledger -> Ledger
rotate l = l { stakeGo = stakeSet l, stakeSet = stakeMark l, stakeMark = stakeOf (utxo l)
             , poolShares = sharesOf (accounts l) (stakeMark l) }

-- | Pays the pot in as many instalments as the boundary costs, each a pass over the whole map.
payRewards :: Params -> Ledger -> Ledger
payRewards p l = foldl' (payInstalment instalment) l [1 .. boundaryCost p]
  where instalment = (fromIntegral (fees l) + 1000) / fromIntegral (boundaryCost p)

payInstalment :: Double -> Ledger -> Int -> Ledger
payInstalment pot l _ = l { accounts = IntMap.mapWithKey credit (accounts l) }
  where
    perPool = poolRewards pot (poolStake l) (blocksMade l)
    credit n account = account { rewards = rewards account + memberReward perPool n account }
    memberReward shares n account = case IntMap.lookup (delegatesTo account) shares of
      Nothing -> 0
      Just (reward, stake) -> reward * fromIntegral (held n) / fromIntegral (max 1 stake)
    held n = IntMap.findWithDefault 0 n (stakeGo l)

poolStake :: Ledger -> IntMap Int
poolStake l = IntMap.foldlWithKey' add IntMap.empty (accounts l)
  where add m n account = IntMap.insertWith (+) (delegatesTo account) (IntMap.findWithDefault 0 n (stakeGo l)) m

-- | The reward of each pool that made blocks, and the stake it is shared among.
poolRewards :: Double -> IntMap Int -> IntMap Int -> IntMap (Double, Int)
poolRewards pot stakes made = IntMap.intersectionWith share made stakes
  where
    total = max 1 (sum (IntMap.elems made))
    share blocks stake = (pot * fromIntegral blocks / fromIntegral total, stake)
