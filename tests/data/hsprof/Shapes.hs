-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE ForeignFunctionInterface #-}
-- | Everything that a Haskell stack can be made of, in turn: deep recursion over many chunks of stack, laziness, exceptions
-- that are caught, memory transactions, calls of C, wide stack frames, unknown functions, threads. Runs for so many rounds.
module Main where

import Control.Concurrent
import Control.Concurrent.MVar
import Control.Exception
import Control.Monad
import Data.IORef
import qualified Data.Map.Strict as Map
import Foreign.C.Types
import GHC.Conc (TVar, atomically, newTVarIO, readTVar, readTVarIO, writeTVar)
import System.Environment

foreign import ccall unsafe "spin" spinUnsafe :: CLong -> IO CLong
foreign import ccall safe "spin" spinSafe :: CLong -> IO CLong

{-# NOINLINE deepSum #-}
deepSum :: Int -> Integer
deepSum 0 = 0
deepSum n = toInteger n + deepSum (n - 1)

{-# NOINLINE buildMap #-}
buildMap :: Int -> Map.Map Int Int
buildMap n = foldr (\k -> Map.insertWith (+) (k * 7919 `mod` 10007) k) Map.empty [1 .. n]

{-# NOINLINE lazyPrimes #-}
lazyPrimes :: Int -> Int
lazyPrimes n = sum (takeWhile (< n) primes)
  where
    primes = 2 : filter isPrime [3, 5 ..]
    isPrime k = all (\p -> k `rem` p /= 0) (takeWhile (\p -> p * p <= k) primes)

{-# NOINLINE catching #-}
catching :: Int -> IO Int
catching n = go 0 0
  where
    go i acc
      | i >= n = return acc
      | otherwise = do
          r <- try (if i `mod` 3 == 0 then throwIO (ErrorCall "third") else evaluate (i * 2))
          go (i + 1) $! acc + either (\(ErrorCall _) -> 1) id r

{-# NOINLINE transacting #-}
transacting :: TVar Int -> Int -> IO Int
transacting tv n = go 0
  where
    go i
      | i >= n = readTVarIO tv
      | otherwise = do
          atomically (readTVar tv >>= \v -> writeTVar tv $! (v * 31 + i) `mod` 1000003)
          go (i + 1)

-- | Many live variables across a call: a frame too wide for a small bitmap.
{-# NOINLINE wide #-}
wide :: [Int] -> Int -> Int
wide xs k =
  let [a, b, c, d, e, f, g, h] = map (opaque k) (take 8 xs)
      [i, j, l, m, n, o, p, q] = map (opaque (k + 1)) (take 8 xs)
   in opaque 1 (a + b + c + d + e + f + g + h) + a * i + b * j + c * l + d * m + e * n + f * o + g * p + h * q

{-# NOINLINE opaque #-}
opaque :: Int -> Int -> Int
opaque 0 x = x
opaque n x = opaque (n - 1) (x * 33 + n)

{-# NOINLINE unknownCalls #-}
unknownCalls :: [Int -> Int -> Int -> Int] -> Int -> Int
unknownCalls fs n = foldl (\acc i -> foldr (\f x -> f x i acc) acc fs) 0 [1 .. n]

work :: TVar Int -> IO Int
work tv = do
  a <- evaluate (Map.size (buildMap 200000))
  b <- evaluate (deepSum 200000)
  c <- catching 20000
  d <- transacting tv 20000
  e <- evaluate (lazyPrimes 20000)
  f <- evaluate (sum [wide [1 .. 16] k | k <- [1 .. 2000]])
  g <- evaluate (unknownCalls [\x y z -> x + y - z, \x y z -> x * y + z, \x _ z -> x - z] 20000)
  h <- spinUnsafe 3000000
  i <- spinSafe 3000000
  return $! a + fromInteger (b `mod` 7) + c + d + e + f + g + fromIntegral (h + i)

main :: IO ()
main = do
  [rounds, threads] <- map read <$> getArgs
  tv <- newTVarIO 0
  sums <- newIORef 0
  done <- forM [1 .. threads :: Int] $ \_ -> do
    end <- newEmptyMVar
    _ <- forkIO (replicateM_ rounds (work tv >>= \s -> modifyIORef' sums (+ s)) `finally` putMVar end ())
    return end
  mapM_ takeMVar done
  readIORef sums >>= print . (/= 0)
