using Exai.Core.Calls;

namespace Exai.Core.Models;

/// <summary>Tells the waiting client what an attempt is doing: at each change, and as often as it has something new to say.</summary>
internal sealed class AttemptProgress(string model, Action<CallProgress> report)
{
    private const int EveryCharacters = 80;
    private const int CharactersPerToken = 4;

    private string? _stage;
    private int _reported;
    private int _thought;

    public void Waiting() => report(new CallProgress($"{model}: waiting for the first token", CallStages.FirstToken));

    public void Thinking(int characters) => Tell(CallStages.Reasoning, "thinking", _thought = characters);

    public void Answering(int characters) => Tell(CallStages.Answer, "answering", characters);

    private void Tell(string stage, string doing, int characters)
    {
        if (stage == _stage && characters - _reported < EveryCharacters)
        {
            return;
        }

        _stage = stage;
        _reported = characters;
        var tokens = Tokens(characters);
        var received = stage == CallStages.Answer ? Tokens(_thought + characters) : tokens;
        report(new CallProgress($"{model} {doing}, {tokens:N0} token{(tokens == 1 ? "" : "s")}", stage) { ReceivedTokens = received });
    }

    private static int Tokens(int characters) => Math.Max(1, characters / CharactersPerToken);
}
