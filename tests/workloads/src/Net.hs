-- SPDX-License-Identifier: Apache-2.0
{-# LANGUAGE ForeignFunctionInterface #-}

-- | TCP over IPv4, straight on the C library: GHC ships no sockets of its own.
module Net (Connection (..), listenOn, acceptFrom, connectTo, sendMessage, receiveMessage) where

import Control.Concurrent (threadWaitRead)
import Control.Concurrent.MVar
import Control.Exception (onException)
import Data.Binary (Binary, decodeOrFail, encode)
import qualified Data.ByteString as S
import qualified Data.ByteString.Lazy as L
import Data.List (intercalate)
import Foreign
import Foreign.C
import GHC.IO.Device (IODeviceType (Stream))
import GHC.IO.Handle.FD (fdToHandle')
import System.IO (BufferMode (..), Handle, IOMode (..), hFlush, hSetBuffering)
import System.Posix.IO (FdOption (..), closeFd, setFdOption)
import System.Posix.Types (Fd (..))

foreign import ccall unsafe "socket" c_socket :: CInt -> CInt -> CInt -> IO CInt
foreign import ccall unsafe "bind" c_bind :: CInt -> Ptr Word8 -> CInt -> IO CInt
foreign import ccall unsafe "listen" c_listen :: CInt -> CInt -> IO CInt
foreign import ccall unsafe "accept" c_accept :: CInt -> Ptr Word8 -> Ptr CInt -> IO CInt
foreign import ccall safe "connect" c_connect :: CInt -> Ptr Word8 -> CInt -> IO CInt
foreign import ccall unsafe "getsockname" c_getsockname :: CInt -> Ptr Word8 -> Ptr CInt -> IO CInt
foreign import ccall unsafe "getpeername" c_getpeername :: CInt -> Ptr Word8 -> Ptr CInt -> IO CInt
foreign import ccall unsafe "setsockopt" c_setsockopt :: CInt -> CInt -> CInt -> Ptr CInt -> CInt -> IO CInt

data Connection = Connection
  { local :: !String   -- ^ address:port
  , remote :: !String
  , stream :: !Handle
  , sending :: !(MVar ())
  }

-- From Linux's headers.
afInet, sockStream, solSocket, soReuseAddr, ipprotoTcp, tcpNoDelay, addressBytes :: CInt
afInet = 2
sockStream = 1
solSocket = 1
soReuseAddr = 2
ipprotoTcp = 6
tcpNoDelay = 1
addressBytes = 16

-- | sockaddr_in: family in host order, port and address in network order.
withAddress :: (Word8, Word8, Word8, Word8) -> Int -> (Ptr Word8 -> IO a) -> IO a
withAddress (a, b, c, d) port action = allocaBytes (fromIntegral addressBytes) $ \p -> do
  pokeArray p (replicate (fromIntegral addressBytes) 0)
  poke (castPtr p) (fromIntegral afInet :: Word16)
  pokeArray (p `plusPtr` 2) ([fromIntegral (port `shiftR` 8), fromIntegral (port .&. 255), a, b, c, d] :: [Word8])
  action p

addressOf :: (CInt -> Ptr Word8 -> Ptr CInt -> IO CInt) -> CInt -> IO String
addressOf ask fd = allocaBytes (fromIntegral addressBytes) $ \p -> with addressBytes $ \size -> do
  throwErrnoIfMinus1_ "address" (ask fd p size)
  bytes <- peekArray 6 (p `plusPtr` 2) :: IO [Word8]
  let (port, ip) = splitAt 2 bytes
  pure (intercalate "." (map show ip) ++ ":" ++ show (foldl (\n byte -> n * 256 + fromIntegral byte) (0 :: Int) port))

option :: CInt -> CInt -> CInt -> IO ()
option fd level name = with 1 $ \p -> throwErrnoIfMinus1_ "setsockopt" (c_setsockopt fd level name p 4)

parseHost :: String -> IO (Word8, Word8, Word8, Word8)
parseHost host = case map reads (split host) of
  [[(a, "")], [(b, "")], [(c, "")], [(d, "")]] -> pure (a, b, c, d)
  _ -> fail (host ++ ": not an IPv4 address")
  where split s = case break (== '.') s of
          (x, _ : rest) -> x : split rest
          (x, []) -> [x]

listenOn :: String -> Int -> IO Fd
listenOn host port = do
  ip <- parseHost host
  fd <- throwErrnoIfMinus1 "socket" (c_socket afInet sockStream 0)
  option fd solSocket soReuseAddr
  withAddress ip port $ \p -> throwErrnoIfMinus1_ ("bind " ++ show port) (c_bind fd p addressBytes)
  throwErrnoIfMinus1_ "listen" (c_listen fd 16)
  setFdOption (Fd fd) NonBlockingRead True
  pure (Fd fd)

acceptFrom :: Fd -> IO Connection
acceptFrom listener@(Fd l) = do
  threadWaitRead listener
  fd <- throwErrnoIfMinus1RetryMayBlock "accept" (c_accept l nullPtr nullPtr) (threadWaitRead listener)
  connection fd

connectTo :: String -> Int -> IO Connection
connectTo host port = do
  ip <- parseHost host
  fd <- throwErrnoIfMinus1 "socket" (c_socket afInet sockStream 0)
  withAddress ip port (\p -> throwErrnoIfMinus1Retry_ ("connect " ++ show port) (c_connect fd p addressBytes))
    `onException` closeFd (Fd fd)
  connection fd

connection :: CInt -> IO Connection
connection fd = do
  option fd ipprotoTcp tcpNoDelay
  here <- addressOf c_getsockname fd
  there <- addressOf c_getpeername fd
  h <- fdToHandle' fd (Just Stream) True there ReadWriteMode True
  hSetBuffering h (BlockBuffering (Just 65536))
  Connection here there h <$> newMVar ()

-- | A message is its size in four bytes, big end first, and its bytes.
sendMessage :: Binary a => Connection -> a -> IO ()
sendMessage c message = withMVar (sending c) $ \() -> do
  let bytes = encode message
      size = fromIntegral (L.length bytes) :: Word32
  L.hPut (stream c) (L.pack [fromIntegral (size `shiftR` n) | n <- [24, 16, 8, 0]] <> bytes)
  hFlush (stream c)

-- | Nothing when the peer has gone.
receiveMessage :: Binary a => Connection -> IO (Maybe a)
receiveMessage c = do
  prefix <- S.hGet (stream c) 4
  let size = S.foldl' (\n byte -> n `shiftL` 8 .|. fromIntegral byte) 0 prefix :: Int
  bytes <- if S.length prefix < 4 || size > 67108864 then pure S.empty else S.hGet (stream c) size
  pure $ case decodeOrFail (L.fromStrict bytes) of
    Right (rest, _, message) | L.null rest, not (S.null bytes) -> Just message
    _ -> Nothing
