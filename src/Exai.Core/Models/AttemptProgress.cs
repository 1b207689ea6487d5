namespace Exai.Core.Models;

/// <summary>Tells the waiting client what an attempt is doing: at each change, and as often as it has something new to say.</summary>
internal sealed class AttemptProgress(string model, Action<string> report)
{
    private const int EveryCharacters = 80;

    private string? _doing;
    private int _reported;

    public void Waiting() => report($"{model}: waiting for the first token");

    public void Thinking(int characters) => Tell("thinking", characters);

    public void Answering(int characters) => Tell("answering", characters);

    private void Tell(string doing, int characters)
    {
        if (doing == _doing && characters - _reported < EveryCharacters)
        {
            return;
        }

        _doing = doing;
        _reported = characters;
        var tokens = Math.Max(1, characters / 4);
        report($"{model} {doing}, {tokens:N0} token{(tokens == 1 ? "" : "s")}");
    }
}
