using Exai.Core.Providers;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>
/// The retry and fallback table, row by row: what came, what it means, how often the same model may be asked again, who may answer after
/// that. The rows that follow from no response stand with the connection, the clocks and the stream's end.
/// </summary>
public sealed class FailureTableTests
{
    [Theory]
    [InlineData(408, "", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(409, "", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(500, "upstream fell over", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(502, "[1,2]", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(503, "", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(529, "null", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(429, "", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(429, """{"error":{"message":"Too Many Requests","type":"<nil>","code":"<nil>"}}""", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(400, """{"error":{"message":"bad"}}""", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(405, "", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(418, """{"detail":"teapot"}""", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(451, "", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(307, "", ErrorCodes.ProviderError, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(504, "{", ErrorCodes.ProviderError, FailureClass.RetryOnce, Fallback.Allowed)]
    [InlineData(599, "\"text\"", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(499, """{"error":{"type":"client_closed_request"}}""", ErrorCodes.Cancelled, FailureClass.Stop, Fallback.None)]
    public async Task Any_server(int status, string body, string error, FailureClass failureClass, Fallback fallback)
    {
        foreach (var (client, model) in Clients())
            ShouldBe(await FailAsync(client, model, status, body), status, error, failureClass, fallback);
    }

    [Theory]
    [InlineData(400, "1301", "x", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "1300", "x", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "1261", "x", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(400, "1210", "tokens in request more than max tokens allowed", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(400, "1210", "bad parameter", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "1212", "x", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "1213", "x", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "1214", "messages 参数非法", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "1215", "x", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "1231", "x", ErrorCodes.ProviderError, FailureClass.RetryOnce, Fallback.None)]
    [InlineData(401, "1000", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1001", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1002", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1003", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1004", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1005", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, null, "令牌已过期或验证不正确", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1100", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1110", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1111", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1112", "locked", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "1120", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, "1121", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(400, "1211", "模型不存在", ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(403, "1220", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(400, "1221", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(400, "1222", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(434, null, "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(404, null, "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(435, null, "x", ErrorCodes.FileTooLarge, FailureClass.Stop, Fallback.None)]
    [InlineData(500, null, "x", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(500, "1200", "x", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(500, "1230", "x", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(500, "1234", "网络错误，错误id：2026", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(429, "1113", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, "1302", "您当前使用该API的并发数过高", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(429, "1303", "x", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(429, "1305", "x", ErrorCodes.ProviderError, FailureClass.RetryLong, Fallback.Allowed)]
    [InlineData(429, "1304", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1308", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1308", "Your limit will reset at 2026-10-01 20:00:00", ErrorCodes.ProviderQuota, FailureClass.RetryOnce, Fallback.Allowed)]
    [InlineData(429, "1308", "您的限额将在 2026-10-01 20:00:00 重置", ErrorCodes.ProviderQuota, FailureClass.RetryOnce, Fallback.Allowed)]
    [InlineData(429, "1310", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1310", "Resets at 2026-10-01 20:00:00", ErrorCodes.ProviderQuota, FailureClass.RetryOnce, Fallback.Allowed)]
    [InlineData(429, "1316", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1317", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1318", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1319", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1320", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1321", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.Allowed)]
    [InlineData(429, "1309", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, "1311", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, "1313", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, "1314", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, "1315", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(400, "1701", "x", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.WithoutSearch)]
    [InlineData(400, "1702", "x", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.WithoutSearch)]
    [InlineData(400, "1703", "x", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.WithoutSearch)]
    [InlineData(429, null, "x", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(429, "9999", "x", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(403, null, "x", ErrorCodes.ProviderAuth, FailureClass.Stop, Fallback.None)]
    public async Task Glm(int status, string? code, string message, string error, FailureClass failureClass, Fallback fallback)
    {
        string[] bodies = code is null
            ? [$$"""{"error":{"message":"{{message}}"} }"""]
            :
            [
                $$"""{"error":{"code":"{{code}}","message":"{{message}}"} }""",
                $$"""{"code":{{code}},"msg":"{{message}}"}""",
                $$"""{"code":"{{code}}","message":"{{message}}"}""",
                $$"""{"type":"error","error":{"type":"{{code}}","message":"{{message}}"},"request_id":"r"}""",
            ];
        foreach (var body in bodies)
        {
            var failed = await FailAsync(handler => Wire.Glm(handler), "glm-4.6", status, body);

            ShouldBe(failed, status, error, failureClass, fallback);
            failed.VendorCode.ShouldBe(code);
            failed.Message.ShouldContain(message);
            (failed.RetryAfter is not null).ShouldBe(failureClass == FailureClass.RetryOnce && code != "1231");
        }
    }

    /// <summary>The same codes within a stream: GLM tells later failures there.</summary>
    [Theory]
    [InlineData("1301", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData("1305", ErrorCodes.ProviderError, FailureClass.RetryLong, Fallback.Allowed)]
    [InlineData("1302", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData("1261", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    public async Task Glm_within_a_stream(string code, string error, FailureClass failureClass, Fallback fallback)
    {
        foreach (var opening in new[] { "data: ", "event: error\ndata: ", "" })
        {
            var failed = (await Wire.GlmAsync($$"""{{opening}}{"error":{"code":"{{code}}","message":"x"} }""" + "\n\n")).Failed;
            ShouldBe(failed, 200, error, failureClass, fallback);
        }
    }

    [Theory]
    [InlineData("network_error", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData("sensitive", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData("content_filter", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData("model_context_window_exceeded", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData("insufficient_system_resource", ErrorCodes.ProviderError, FailureClass.RetryLong, Fallback.Allowed)]
    [InlineData("error", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData("stop", ErrorCodes.ProviderError, FailureClass.RetryOnce, Fallback.Allowed)]
    [InlineData("length", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData("who_knows", ErrorCodes.ProviderError, FailureClass.RetryOnce, Fallback.Allowed)]
    public async Task Finish_reason_without_text(string reason, string error, FailureClass failureClass, Fallback fallback)
    {
        var failed = (await Wire.GlmAsync(Wire.Events(Wire.Delta("", reason), "[DONE]"))).Failed;
        ShouldBe(failed, status: null, error, failureClass, fallback);
        failed.VendorCode.ShouldBe(reason);
    }

    [Theory]
    [InlineData(400, "content_filter", "x", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "invalid_request_error", "Input token length too long", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(400, "invalid_request_error", "exceeded model token limit: 8 (requested: 9)", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(400, "invalid_request_error", "invalid temperature: only 1 is allowed for this model", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, "invalid_request_error", "tool_call_id  is not found", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(401, "invalid_authentication_error", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "incorrect_api_key_error", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(401, "", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(402, "", "membership", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(403, "", "plan cycle", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(403, "permission_denied_error", "x", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(404, "resource_not_found_error", "x", ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(404, "", "x", ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(413, "", "Request exceeds the maximum size", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.None)]
    [InlineData(429, "rate_limit_reached_error", "x", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(429, "engine_overloaded_error", "x", ErrorCodes.ProviderError, FailureClass.RetryLong, Fallback.Allowed)]
    [InlineData(200, "engine_overloaded_error", "x", ErrorCodes.ProviderError, FailureClass.RetryLong, Fallback.Allowed)]
    [InlineData(429, "exceeded_current_quota_error", "x", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, "rate_limit_error", "The engine is currently overloaded, please try again later", ErrorCodes.ProviderError, FailureClass.RetryLong, Fallback.Allowed)]
    [InlineData(429, "rate_limit_error", "x", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(499, "client_closed_request", "x", ErrorCodes.Cancelled, FailureClass.Stop, Fallback.None)]
    [InlineData(500, "server_error", "x", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(500, "unexpected_output", "x", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(503, "server_unavailable", "x", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    public async Task Kimi(int status, string type, string message, string error, FailureClass failureClass, Fallback fallback)
    {
        var body = $$"""{"error":{"type":"{{type}}","message":"{{message}}"} }""";
        var failed = await FailAsync(handler => Wire.Kimi(handler), "kimi-k2.6", status, body);

        ShouldBe(failed, status, error, failureClass, fallback);
        failed.VendorCode.ShouldBe(type.Length == 0 ? null : type);
    }

    /// <summary>2.4: the gateway's page after 900 s.</summary>
    [Fact]
    public async Task Kimi_gateway_page() => ShouldBe(
        await FailAsync(handler => Wire.Kimi(handler), "kimi-k3", 504, "<html>504</html>"), 504, ErrorCodes.ProviderError, FailureClass.RetryOnce, Fallback.Allowed);

    [Theory]
    [InlineData(401, """{"error":"bad key"}""", ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(404, """{"detail":"Not Found"}""", ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(402, """{"error":{"message":"no credit","code":402}}""", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(429, """{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}""", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(403, """{"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"]}}}""", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData(403, """{"error":{"code":403,"message":"no"}}""", ErrorCodes.ProviderAuth, FailureClass.Stop, Fallback.None)]
    [InlineData(400, """{"error":{"code":"content_filter","message":"filtered","status":400}}""", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    [InlineData(413, "", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.None)]
    [InlineData(422, """{"object":"error","message":"bad"}""", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, """{"code":20015,"message":"bad","data":null}""", ErrorCodes.ProviderError, FailureClass.Stop, Fallback.None)]
    [InlineData(400, """{"error":{"type":"exceed_context_size_error","message":"too big","n_prompt_tokens":9,"n_ctx":4}}""", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(500, """{"error":{"type":"exceed_context_size_error","message":"too big"}}""", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(200, """{"error":{"type":"exceed_context_size_error","message":"too big"}}""", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(400, """{"error":{"code":"context_length_exceeded","message":"x"}}""", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(400, """{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}""", ErrorCodes.ContextTooLarge, FailureClass.Shrink, Fallback.LargerWindow)]
    [InlineData(200, """{"error":{"code":502,"message":"upstream lost"}}""", ErrorCodes.ProviderError, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(200, """{"error":{"code":429,"message":"slow down"}}""", ErrorCodes.RateLimited, FailureClass.RetryShort, Fallback.Allowed)]
    [InlineData(200, """{"error":{"code":402,"message":"no credit"}}""", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData(200, """{"error":{"code":403,"message":"flagged","metadata":{"reasons":["x"]}}}""", ErrorCodes.ContentFiltered, FailureClass.Stop, Fallback.None)]
    public async Task Other_servers(int status, string body, string error, FailureClass failureClass, Fallback fallback)
    {
        var failed = await FailAsync(handler => Wire.Generic(handler), "some-model", status, body);
        (failed.Error.Code, failed.FailureClass, failed.Fallback).ShouldBe((error, failureClass, fallback));
    }

    [Theory]
    [InlineData("event: error\ndata: {\"error\":{\"message\":\"context too small\"}}\n\n")]
    [InlineData("event: error\ndata: {\"message\":\"context too small\"}\n\n")]
    [InlineData("event: error\ndata: context too small\n\n")]
    [InlineData("event: error\ndata:\n\n")]
    [InlineData("data: [DONE]\n\n")]
    public async Task Lm_studio(string body)
    {
        var failed = (await Wire.GenericAsync(body)).Failed;
        (failed.Error.Code, failed.FailureClass, failed.Fallback).ShouldBe((ErrorCodes.ProviderError, FailureClass.FallBackWithNotice, Fallback.Allowed));
        failed.Message.ShouldContain("window");
    }

    [Theory]
    [InlineData("https://api.deepseek.com/v1", 503, FailureClass.RetryLong, Fallback.Allowed)]
    [InlineData("https://api.deepseek.com/v1", 422, FailureClass.Stop, Fallback.None)]
    [InlineData("https://api.deepseek.com/v1", 402, FailureClass.FallBackWithNotice, Fallback.WithNotice)]
    [InlineData("http://localhost:8080/v1", 503, FailureClass.RetryShort, Fallback.Allowed)]
    public async Task Deepseek(string baseUrl, int status, FailureClass failureClass, Fallback fallback)
    {
        var failed = await FailAsync(handler => Wire.Generic(handler, baseUrl), "deepseek-chat", status, """{"error":{"message":"x","code":"invalid_request_error"}}""");
        (failed.FailureClass, failed.Fallback).ShouldBe((failureClass, fallback));
    }

    [Theory]
    [InlineData("Your account org-1 request reached max organization concurrency: 1, please try again after 1 seconds", true)]
    [InlineData("Your account org-1 request reached organization max RPM: 3, please try again after 20 seconds", true)]
    [InlineData("Rate limit of tier 0 reached", true)]
    [InlineData("Upgrade your tier for more", true)]
    [InlineData("Your account org-1 request reached max organization concurrency: 100, please try again after 1 seconds", false)]
    [InlineData("Your account org-1 request reached organization max RPM: 30, please try again after 1 seconds", false)]
    [InlineData("Your account org-1 request reached max TPM: 1000000", false)]
    public async Task Kimi_rate_limit_explains_tier_0_where_it_speaks_of_it(string message, bool tierZero)
    {
        var body = $$"""{"error":{"type":"rate_limit_reached_error","message":"{{message}}"} }""";
        var failed = await FailAsync(handler => Wire.Kimi(handler), "kimi-k3", 429, body);

        failed.Message.ShouldContain("The key is fine.");
        failed.Message.ShouldContain("EXAI_WS_KIMI_MAX_INFLIGHT");
        failed.Message.Contains("Top up", StringComparison.Ordinal).ShouldBe(tierZero);
        failed.Message.Contains("$10 (¥50", StringComparison.Ordinal).ShouldBe(tierZero);
    }

    [Theory]
    [InlineData("1302", "concurrency")]
    [InlineData("1302", "EXAI_WS_GLM_MAX_INFLIGHT")]
    [InlineData("1113", "/api/coding/paas/v4")]
    public async Task Glm_message_names_what_to_change(string code, string words) =>
        (await FailAsync(handler => Wire.Glm(handler), "glm-4.6", 429, $$"""{"error":{"code":"{{code}}","message":"x"} }""")).Message.ShouldContain(words);

    private static (Func<VerbatimHandler, IChatClient> Client, string Model)[] Clients() =>
        [(handler => Wire.Glm(handler), "glm-4.6"), (handler => Wire.Kimi(handler), "kimi-k2.6"), (handler => Wire.Generic(handler), "some-model")];

    private static async Task<ProviderException> FailAsync(Func<VerbatimHandler, IChatClient> client, string model, int status, string body)
    {
        var outcome = await Wire.RunAsync(client(VerbatimHandler.Failing(status, body)), Wire.Options(model));
        outcome.Updates.ShouldBeEmpty();
        return outcome.Failed;
    }

    private static void ShouldBe(ProviderException failed, int? status, string error, FailureClass failureClass, Fallback fallback)
    {
        (failed.Error.Code, failed.FailureClass, failed.Fallback, failed.HttpStatus).ShouldBe((error, failureClass, fallback, status), failed.Message);
        failed.Error.Message.ShouldBe(failed.Message);
    }
}
