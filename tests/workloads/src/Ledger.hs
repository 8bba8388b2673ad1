-- SPDX-License-Identifier: Apache-2.0

-- | The state that blocks change: accounts, and unspent outputs whose number grows with every transaction.
module Ledger (Ledger (..), Account (..), Params (..), genesisLedger, stakeOf, sharesOf, applyTx, applyBody) where

import Block
import Data.IntMap.Strict (IntMap)
import qualified Data.IntMap.Strict as IntMap
import Data.List (foldl')
import Hash (mix)

data Params = Params
  { stateSize :: !Int     -- ^ accounts, and unspent outputs at the start
  , pools :: !Int
  , boundaryCost :: !Int  -- ^ passes over the whole state at an epoch boundary; 0: no work there
  , slotWork :: !Int      -- ^ rounds of the leadership check
  , seed :: !Int
  }

data Account = Account { delegatesTo :: !Int, rewards :: !Double }

data Ledger = Ledger
  { ledgerEpoch :: !Int
  , accounts :: !(IntMap Account)
  , utxo :: !(IntMap TxOut)
  , utxoSize :: !Int
  , stakeMark :: !(IntMap Int)   -- ^ coins of each account when this epoch began
  , stakeSet :: !(IntMap Int)    -- ^ an epoch older: elects leaders
  , stakeGo :: !(IntMap Int)     -- ^ two epochs older: is paid
  , poolShares :: !(IntMap Double)  -- ^ each pool's share of stakeSet
  , blocksMade :: !(IntMap Int)  -- ^ by each pool in this epoch
  , fees :: !Int
  }

genesisLedger :: Params -> Ledger
genesisLedger p = Ledger 0 holders outs (stateSize p) stakes stakes stakes (sharesOf holders stakes) IntMap.empty 0
  where
    keys = [0 .. stateSize p - 1]
    draw salt n = fromIntegral (mix (fromIntegral (n * 4 + salt + seed p * 1000003)) `mod` 1000000007) :: Int
    holders = IntMap.fromDistinctAscList [(n, Account (draw 0 n `mod` pools p) 0) | n <- keys]
    outs = IntMap.fromDistinctAscList [(n, TxOut n (1000000 + draw 1 n `mod` 1000000)) | n <- keys]
    stakes = stakeOf outs

-- | Coins of each account.
stakeOf :: IntMap TxOut -> IntMap Int
stakeOf = IntMap.foldl' (\m out -> IntMap.insertWith (+) (owner out) (coins out) m) IntMap.empty

-- | Each pool's share of a stake.
sharesOf :: IntMap Account -> IntMap Int -> IntMap Double
sharesOf holders stakes = IntMap.map (\stake -> fromIntegral stake / fromIntegral total) byPool
  where
    byPool = IntMap.foldlWithKey' add IntMap.empty stakes
    add m n stake = case IntMap.lookup n holders of
      Nothing -> m
      Just account -> IntMap.insertWith (+) (delegatesTo account) stake m
    total = max 1 (IntMap.foldl' (+) 0 byPool)

-- | Nothing when what it spends is not there, or when it makes more than it spends.
applyTx :: Ledger -> Tx -> Maybe Ledger
applyTx l tx = do
  spent <- IntMap.lookup (spends tx) (utxo l)
  let made = sum (map coins (outputs tx))
      name = txId tx
      add m (n, out) = IntMap.insert (outputKey name n) out m
  if made > coins spent
    then Nothing
    else Just l { utxo = foldl' add (IntMap.delete (spends tx) (utxo l)) (zip [0 ..] (outputs tx))
                , utxoSize = utxoSize l + length (outputs tx) - 1
                , fees = fees l + coins spent - made }

applyBody :: Ledger -> Block -> Maybe Ledger
applyBody l b = counted <$> foldl' (\acc tx -> acc >>= (`applyTx` tx)) (Just l) (body b)
  where counted l' = l' { blocksMade = IntMap.insertWith (+) (hIssuer (header b)) 1 (blocksMade l') }
