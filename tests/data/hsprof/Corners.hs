-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE BangPatterns, ForeignFunctionInterface #-}
-- What is the same in each round is to be done in each.
{-# OPTIONS_GHC -fno-full-laziness #-}
-- | What Haskell stacks are made of where it is not plain, `corners WHAT SECONDS` does one thing for so much CPU
-- time, `corners all SECONDS` each in turn.
module Main where

import Control.Concurrent
import Control.Concurrent.MVar
import Control.Exception
import Control.Monad
import Data.IORef
import Foreign.C.Types
import Foreign.Ptr
import GHC.Conc
import System.CPUTime
import System.Environment
import System.IO.Unsafe
import System.Timeout

foreign import ccall unsafe "spin" spinUnsafe :: CLong -> IO CLong
foreign import ccall safe "spin" spinSafe :: CLong -> IO CLong
foreign import ccall unsafe "spin_rbp" spinRbp :: CLong -> IO CLong
foreign import ccall "wrapper" wrap :: (CLong -> IO CLong) -> IO (FunPtr (CLong -> IO CLong))
foreign import ccall safe "call_back" callBack :: FunPtr (CLong -> IO CLong) -> CLong -> IO CLong

-- | Haskell code that takes its time, to be met at the inner end of each stack.
{-# NOINLINE burn #-}
burn :: Int -> Int
burn n = go n 1
  where
    go 0 x = x
    go k x = go (k - 1) ((x * 31 + k) `rem` 1000003)

{-# NOINLINE burnIO #-}
burnIO :: Int -> IO Int
burnIO n = evaluate (burn (n + 1))

-- | A stack of so many frames, over chunk after chunk of it, and at each tenth frame some work.
{-# NOINLINE deeper #-}
deeper :: Int -> Int
deeper 0 = burn 200
deeper n = deeper (n - 1) + (if n `rem` 10 == 0 then burn (50 + n `rem` 3) else n)

-- | Short stacks that lie right across the border of two chunks: each call finds the chunk a little fuller.
{-# NOINLINE across #-}
across :: Int -> Int
across n = sum [deeper k + burn 300 | k <- [1, 8 .. n]]

deep, chunks, threads, bound, handlers, masks, interrupted, retries, alternatives, unsafely, lazily, unsafeCalls, safeCalls,
  rbpCalls, callBacks :: Int -> IO Int
{-# NOINLINE deep #-}
{-# NOINLINE chunks #-}
{-# NOINLINE threads #-}
{-# NOINLINE bound #-}
{-# NOINLINE handlers #-}
{-# NOINLINE masks #-}
{-# NOINLINE interrupted #-}
{-# NOINLINE retries #-}
{-# NOINLINE alternatives #-}
{-# NOINLINE unsafely #-}
{-# NOINLINE lazily #-}
{-# NOINLINE unsafeCalls #-}
{-# NOINLINE safeCalls #-}
{-# NOINLINE rbpCalls #-}
{-# NOINLINE callBacks #-}
deep k = evaluate (deeper (20000 + k `rem` 7))
chunks k = evaluate (across (200 + k `rem` 7))

threads k = do
  ends <- forM [1 .. 200] $ \i -> do
    end <- newEmptyMVar
    _ <- forkIO (burnIO (2000 + i + k) >>= putMVar end)
    return end
  sum <$> mapM takeMVar ends

bound k = do
  end <- newEmptyMVar
  _ <- (if rtsSupportsBoundThreads then forkOS else forkIO) (burnIO (100000 + k) >>= putMVar end)
  (+) <$> takeMVar end <*> (if rtsSupportsBoundThreads then runInUnboundThread (burnIO 100000) else return 1)

-- | Handlers within handlers, work under all of them and in each.
handlers k = nest 12
  where
    nest :: Int -> IO Int
    nest 0 = burnIO 5000 >> throwIO (userError "inmost")
    nest n = nest (n - 1) `catch` \e -> do
      x <- burnIO (5000 + k)
      if n < 12 then throwIO (e :: IOException) else return x

masks k = do
  box <- newMVar k
  modifyMVar box (\v -> mask (\restore -> restore (burnIO (20000 + v)) >>= \x -> return (x, x)))
    `finally` uninterruptibleMask_ (burnIO 20000)

-- | Work that an exception from another thread stops, and that goes on where it was when its value is asked for again.
interrupted k = do
  let slow = deeper (3000 + k `rem` 7) + burn 200000
  first <- timeout 300 (evaluate slow)
  maybe (evaluate slow) return first

retries k = do
  box <- newTVarIO 0
  end <- newEmptyMVar
  _ <- forkIO $ do
    x <- atomically $ do
      v <- readTVar box
      when (burn (200 + v) < 0 || v < 50) retry
      return $! burn (5000 + v)
    putMVar end x
  forM_ [1 .. 50] $ \i -> do
    atomically (writeTVar box $! i)
    when (burn (1000 + k) >= 0) yield
  takeMVar end

alternatives k = do
  box <- newTVarIO k
  atomically ((readTVar box >>= \v -> (burn (30000 + v) `seq` retry) :: STM Int) `orElse` fails `catchSTM` handler)
  where
    fails = (burn 30000 `seq` throwSTM (userError "transaction")) :: STM Int
    handler e = return $! burn (30000 + length (show (e :: IOException)))

unsafely k = evaluate (sum [hidden (i + k) | i <- [1 .. 20]])

{-# NOINLINE hidden #-}
hidden :: Int -> Int
hidden i = unsafePerformIO $ do
  r <- newIORef 0
  forM_ [1 .. 10] $ \j -> burnIO (300 + i + j) >>= \x -> modifyIORef' r (+ x)
  x <- unsafeInterleaveIO (burnIO 3000)
  (+ x) <$> readIORef r

-- | Update frames in update frames.
lazily k = evaluate (last (scanl (\a i -> if burn (50 + i) < 0 then 0 else a + i) 0 [1 .. 500]) + chain (burn k) 500)
  where
    chain x 0 = x
    chain x n = let y = chain (x + n) (n - 1) in if burn 50 < 0 then 0 else y + 1

unsafeCalls k = fromIntegral <$> spinUnsafe (100000 + fromIntegral k)
safeCalls k = fromIntegral <$> spinSafe (100000 + fromIntegral k)

-- | C that uses the register of the Haskell stack for itself.
rbpCalls k = fromIntegral <$> spinRbp (100000 + fromIntegral k)

-- | C that calls Haskell: a stack of its own, on top of C's.
callBacks k = do
  f <- wrap (\n -> fromIntegral <$> burnIO (5000 + fromIntegral n))
  x <- callBack f (fromIntegral k)
  freeHaskellFunPtr f
  return (fromIntegral x)

corners :: [(String, Int -> IO Int)]
corners =
  [ ("deep", deep), ("chunks", chunks), ("threads", threads), ("bound", bound), ("handlers", handlers), ("masks", masks),
    ("interrupted", interrupted), ("retries", retries), ("alternatives", alternatives), ("unsafely", unsafely),
    ("lazily", lazily), ("unsafe-calls", unsafeCalls), ("safe-calls", safeCalls), ("rbp-calls", rbpCalls),
    ("call-backs", callBacks) ]

main :: IO ()
main = do
  args <- getArgs
  case args of
    [] -> mapM_ (putStrLn . fst) corners
    ["all", seconds] -> mapM_ (for seconds . snd) corners
    [what, seconds] | Just act <- lookup what corners -> for seconds act
    _ -> ioError (userError "usage: corners [WHAT SECONDS]")

for :: String -> (Int -> IO Int) -> IO ()
for seconds act = do
  start <- getCPUTime
  let end = start + round (read seconds * 1e12 :: Double)
      go !k = act k >>= \x -> getCPUTime >>= \now -> unless (x == minBound || now > end) (go (k + 1))
  go 1
