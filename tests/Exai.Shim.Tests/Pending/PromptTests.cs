using Exai.Protocol;

namespace Exai.Shim.Tests.Pending;

/// <summary>Prompts cost no context and need no daemon; with one, they are the daemon's.</summary>
public sealed class PromptTests
{
    [Fact]
    public void List_without_a_daemon_holds_each_tool_and_continue() => ShimRig.Run(async rig =>
    {
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"prompts/list"}""");

        var prompts = (await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(100))).Result!["prompts"]!.AsArray();

        prompts.Select(prompt => (string?)prompt!["name"]).ShouldBe(
            [.. ToolCatalogue.Select(ToolTier.Standard, [], []).Select(tool => tool.Name).Order(StringComparer.Ordinal), "continue"]);
    });

    [Theory]
    [InlineData("""{"name":"chat","arguments":{"request":"is this fast?"}}""", "Use the EXAI tool chat for this request: is this fast?")]
    [InlineData("""{"name":"chat_EXAI-WS"}""", "Use the EXAI tool chat for what we are working on now")]
    [InlineData("""{"name":"continue"}""", "continuation_id of its last answer")]
    public void Prompt_without_a_daemon_is_a_message_of_the_user(string parameters, string text) => ShimRig.Run(async rig =>
    {
        rig.Send($$"""{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{parameters}}}""");

        var message = (await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(100))).Result!["messages"]![0]!;

        ((string?)message["role"]).ShouldBe("user");
        ((string?)message["content"]!["text"])!.ShouldContain(text);
    });

    [Fact]
    public void Prompt_that_does_not_exist_is_refused_by_name() => ShimRig.Run(async rig =>
    {
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"nothing"}}""");

        var refusal = await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(100));

        (refusal.RpcErrorCode, refusal.RpcErrorText).ShouldBe((-32602, "There is no prompt 'nothing'; prompts/list names them."));
    });

    [Fact]
    public void List_with_a_daemon_is_the_daemons() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "prompts/list")
            {
                connection.Push($$$"""{"jsonrpc":"2.0","id":{{{message.IdJson}}},"result":{"prompts":[{"name":"other"}]}}""");
            }

            return message.Method is "prompts/list";
        };
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"prompts/list"}""");

        (await rig.Client.ResponseAsync("1")).Result!.ToJsonString().ShouldBe("""{"prompts":[{"name":"other"}]}""");
    });
}
