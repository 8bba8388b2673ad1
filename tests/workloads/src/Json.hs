-- SPDX-License-Identifier: Apache-2.0
-- Plumbing: its costs belong to whoever calls it.
{-# OPTIONS_GHC -fno-prof-auto #-}
{-# LANGUAGE OverloadedStrings #-}

-- | As much JSON as a genesis, a configuration and a trace line need: a reader of values, and builders for output.
module Json
  ( Value (..), decode, field, at, number, text, items
  , object, int, real, string, bool, list
  ) where

import Data.ByteString (ByteString)
import qualified Data.ByteString.Builder as B
import qualified Data.ByteString.Char8 as C
import Data.Char (chr, digitToInt, isDigit, isHexDigit, isSpace, ord)
import Data.List (intersperse)

data Value
  = Null
  | Bool !Bool
  | Number !Double
  | String !String
  | Array [Value]
  | Object [(String, Value)]
  deriving (Eq, Show)

decode :: ByteString -> Either String Value
decode input = case value (C.unpack input) of
  Right (v, rest) | all isSpace rest -> Right v
                  | otherwise -> Left ("text after the value: " ++ take 20 rest)
  Left why -> Left why

type Parse a = String -> Either String (a, String)

value :: Parse Value
value input = case dropWhile isSpace input of
  '{' : rest -> members rest
  '[' : rest -> elements rest
  '"' : rest -> do
    (s, rest') <- quoted rest
    Right (String s, rest')
  rest | Just r <- after "null" rest -> Right (Null, r)
       | Just r <- after "true" rest -> Right (Bool True, r)
       | Just r <- after "false" rest -> Right (Bool False, r)
       | otherwise -> numeral rest

after :: String -> String -> Maybe String
after word input = if take n input == word then Just (drop n input) else Nothing
  where n = length word

members :: Parse Value
members input = case dropWhile isSpace input of
  '}' : rest -> Right (Object [], rest)
  _ -> go [] input
  where
    go done text' = case dropWhile isSpace text' of
      '"' : rest -> do
        (key, rest1) <- quoted rest
        rest2 <- expect ':' rest1
        (v, rest3) <- value rest2
        next ((key, v) : done) rest3
      other -> Left ("a key was expected at: " ++ take 20 other)
    next done text' = case dropWhile isSpace text' of
      ',' : rest -> go done rest
      '}' : rest -> Right (Object (reverse done), rest)
      other -> Left ("',' or '}' was expected at: " ++ take 20 other)

elements :: Parse Value
elements input = case dropWhile isSpace input of
  ']' : rest -> Right (Array [], rest)
  _ -> go [] input
  where
    go done text' = do
      (v, rest) <- value text'
      case dropWhile isSpace rest of
        ',' : rest' -> go (v : done) rest'
        ']' : rest' -> Right (Array (reverse (v : done)), rest')
        other -> Left ("',' or ']' was expected at: " ++ take 20 other)

expect :: Char -> String -> Either String String
expect c input = case dropWhile isSpace input of
  d : rest | c == d -> Right rest
  other -> Left (show c ++ " was expected at: " ++ take 20 other)

quoted :: Parse String
quoted = go []
  where
    go done ('"' : rest) = Right (reverse done, rest)
    go done ('\\' : 'u' : a : b : c : d : rest)
      | all isHexDigit [a, b, c, d] = go (chr (foldl (\n h -> n * 16 + digitToInt h) 0 [a, b, c, d]) : done) rest
    go done ('\\' : c : rest) | Just plain <- lookup c escapes = go (plain : done) rest
    go done (c : rest) | c /= '\\' = go (c : done) rest
    go _ _ = Left "a string does not end"
    escapes = [('"', '"'), ('\\', '\\'), ('/', '/'), ('b', '\b'), ('f', '\f'), ('n', '\n'), ('r', '\r'), ('t', '\t')]

numeral :: Parse Value
numeral input
  | null whole = Left ("a value was expected at: " ++ take 20 input)
  | otherwise = Right (Number (sign * (read whole + fraction) * 10 ** power), rest3)
  where
    (sign, rest0) = case input of
      '-' : r -> (-1, r)
      r -> (1, r)
    (whole, rest1) = span isDigit rest0
    (fraction, rest2) = case rest1 of
      '.' : r -> let (ds, r') = span isDigit r in (if null ds then 0 else read ("0." ++ ds), r')
      r -> (0, r)
    (power, rest3) = case rest2 of
      e : r | e `elem` ("eE" :: String) -> exponentOf r
      r -> (0, r)
    exponentOf r = case r of
      '-' : r' -> let (ds, r'') = span isDigit r' in (negate (read ds), r'')
      '+' : r' -> let (ds, r'') = span isDigit r' in (read ds, r'')
      r' -> let (ds, r'') = span isDigit r' in (read ds, r'')

-- | The member of an object, or a sentence that names it.
field :: String -> Value -> Either String Value
field key (Object members') = maybe (Left (key ++ ": missing")) Right (lookup key members')
field key _ = Left (key ++ ": not in an object")

-- | A path of members.
at :: [String] -> Value -> Either String Value
at path v = foldl (\acc key -> acc >>= field key) (Right v) path

number :: Value -> Either String Double
number (Number n) = Right n
number v = Left ("a number was expected: " ++ take 40 (show v))

text :: Value -> Either String String
text (String s) = Right s
text v = Left ("a string was expected: " ++ take 40 (show v))

items :: Value -> Either String [Value]
items (Array vs) = Right vs
items v = Left ("an array was expected: " ++ take 40 (show v))

object :: [(ByteString, B.Builder)] -> B.Builder
object pairs = B.char7 '{' <> mconcat (intersperse (B.char7 ',') (map member pairs)) <> B.char7 '}'
  where member (key, v) = string key <> B.char7 ':' <> v

list :: [B.Builder] -> B.Builder
list vs = B.char7 '[' <> mconcat (intersperse (B.char7 ',') vs) <> B.char7 ']'

int :: Integral a => a -> B.Builder
int = B.integerDec . toInteger

real :: Double -> B.Builder
real x
  | x == fromIntegral (round x :: Integer) = B.integerDec (round x)
  | otherwise = B.doubleDec x

bool :: Bool -> B.Builder
bool b = if b then "true" else "false"

string :: ByteString -> B.Builder
string s = B.char7 '"' <> go s <> B.char7 '"'
  where
    go rest = let (plain, odd') = C.span (\c -> c /= '"' && c /= '\\' && c >= ' ') rest
              in B.byteString plain <> maybe mempty escape (C.uncons odd')
    escape (c, rest) = encode c <> go rest
    encode '"' = "\\\""
    encode '\\' = "\\\\"
    encode c = "\\u" <> B.word16HexFixed (fromIntegral (ord c))
